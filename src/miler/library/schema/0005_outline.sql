-- The text report is made when it is asked for, of the document and an outline of the run. What was imported
-- before has no outline, and keeps its report as it was made; that of what comes after is an empty text.

ALTER TABLE documents ADD COLUMN outline BLOB;
ALTER TABLE spares ADD COLUMN outline BLOB;
