"""What readers see: releases, built beside the current one and switched in whole."""
