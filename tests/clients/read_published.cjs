// Reads every published database with DuckDB for Node, and prints the rows; test_clients.py makes digests of them.
const { DuckDBInstance } = require("@duckdb/node-api");

async function main(threads, paths) {
  for (const path of paths) {
    const instance = await DuckDBInstance.create(path, { access_mode: "READ_ONLY", threads });
    const connection = await instance.connect();
    const tables = await connection.runAndReadAll("select table_schema, table_name from information_schema.tables");
    for (const [schema, table] of tables.getRows()) {
      const read = await connection.runAndReadAll(`select * from "${schema}"."${table}"`);
      const types = read.columnTypes().map(String);
      console.log(JSON.stringify([path, `${schema}.${table}`, types, read.getRowsJson()]));
    }
    connection.closeSync();
    instance.closeSync();
  }
}

main(process.argv[2], process.argv.slice(3));
