-- Until when the user is not to be disturbed, in milliseconds since 1970; 0: he is.
INSERT INTO meta VALUES ('do-not-disturb', '0');
