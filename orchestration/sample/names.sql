-- None of these people exist. The spellings are those that matching has to cope with.
set variable first_names = [
    'Aaliyah', 'Adrián', 'Aisha', 'Amara', 'Ana María', 'André', 'Anne-Marie', 'Beatriz', 'Brandon',
    'Brianna', 'Caleb', 'Camila', 'Carlos', 'Chloé', 'Connor', 'Cynthia', 'D''Andre', 'Daniela',
    'Darius', 'Deja', 'Destiny', 'Diego', 'Dominique', 'Elías', 'Emily', 'Esperanza', 'Ethan',
    'Fatima', 'Félix', 'Gabriela', 'Grace', 'Hannah', 'Hassan', 'Imani', 'Inés', 'Isaiah', 'Ivy',
    'Jada', 'Jamal', 'Jasmine', 'Jean-Luc', 'Jesús', 'Jordan', 'José', 'Josephine', 'Julián',
    'Kayla', 'Keisha', 'Kevin', 'Khalil', 'Lamar', 'Latoya', 'Leila', 'Liam', 'Logan', 'Luca',
    'Lucía', 'Malik', 'Marcus', 'Mary Ann', 'Mateo', 'Maya', 'Mei', 'Mia', 'Micah', 'Monique',
    'Nadia', 'Naomi', 'Nia', 'Noah', 'Noémi', 'Olivia', 'Omar', 'Oscar', 'Paige', 'Priya',
    'Quentin', 'Rafael', 'Raúl', 'Renée', 'Rosa', 'Ruby', 'Samir', 'Shanice', 'Siobhán', 'Sofía',
    'Terrence', 'Thiago', 'Tomás', 'Trinity', 'Tyler', 'Victor', 'Wei', 'Xavier', 'Yasmin', 'Zoë'
];
set variable last_names = [
    'Álvarez', 'Bălan', 'Castañeda', 'Côté', 'D''Angelo', 'De la Cruz', 'Dvořák', 'Fernández',
    'García', 'Garcia-Lopez', 'Gómez', 'Haddad', 'Hernández', 'Ibáñez', 'Jiménez', 'Johnson', 'Kim',
    'Kowalski', 'Lefèvre', 'Martínez', 'McAllister', 'Müller', 'Muñoz', 'Nguyễn', 'Núñez',
    'O''Brien', 'O''Connor', 'Okafor', 'Oyelaran', 'Park', 'Patel', 'Peña', 'Pérez', 'Petrović',
    'Ramírez', 'Rivera Soto', 'Rodríguez', 'Saint-Clair', 'Sánchez', 'Smith-Jones', 'St. James',
    'Strauss', 'Tran', 'Van der Berg', 'Vásquez', 'Washington', 'Yamamoto', 'Zúñiga'
];
set variable last_name_heads = [
    'Ash', 'Beck', 'Black', 'Brad', 'Bright', 'Brook', 'Burn', 'Clay', 'Clear', 'Cross', 'Dal',
    'Eddle', 'Elm', 'Fair', 'Farn', 'Glad', 'Gran', 'Green', 'Hal', 'Hart', 'Hazel', 'Hol', 'King',
    'Lang', 'Lin', 'Mar', 'Mill', 'Nor', 'Oak', 'Pem', 'Rad', 'Red', 'Ross', 'Sand', 'Shel', 'Stan',
    'Sut', 'Thorn', 'Wake', 'Whit', 'Win', 'Wood'
];
set variable last_name_tails = [
    'berg', 'bourne', 'bridge', 'brook', 'burn', 'bury', 'by', 'combe', 'cott', 'croft', 'dale',
    'den', 'field', 'ford', 'gate', 'grove', 'ham', 'hurst', 'land', 'ley', 'man', 'mere', 'mont',
    'more', 'ridge', 'shaw', 'stead', 'stone', 'ton', 'wall', 'way', 'well', 'wick', 'worth'
];
set variable provider_heads = [
    'Prairie', 'Lakeshore', 'Rock Creek', 'Bridges &', 'Cardinal', 'Great Oak', 'Second City',
    'Fox Valley', 'Heartland', 'O''Hara', 'Monarch', 'Bluestem', 'White Oak', 'Río Grande',
    'Confluence', 'Lincoln Trail', 'Steamboat', 'Limestone', 'Cornerstone', 'Starved Rock',
    'Kettle', 'Twin Rivers', 'Big Bluff', 'Sandstone', 'Lantern', 'Compass'
];
set variable provider_tails = [
    'Youth Works', 'Career Center', 'Pathways, Inc.', 'Workforce Alliance', 'Community College',
    'Youth Build', 'Training Partners', 'Apprenticeship Hub'
];
set variable pathways = [
    'Agriculture, Food and Natural Resources', 'Construction', 'Finance and Business Services',
    'Health Sciences', 'Hospitality', 'Information Technology', 'Manufacturing',
    'Transportation, Distribution and Logistics'
];
set variable programs = [
    'Automotive Technology', 'CDL Class A', 'Certified Nursing Assistant', 'CNC Machining',
    'Culinary Arts', 'Cybersecurity Support', 'Electrical Pre-Apprenticeship', 'HVAC, Level 1',
    'IT Support Specialist', 'Medical Assistant', 'Warehouse "Fast Track"', 'Welding'
];
