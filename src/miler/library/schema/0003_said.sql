-- What the runner says of a run: was it a race, in which shoes, in what wind, on what ground.

ALTER TABLE overrides ADD COLUMN kind TEXT;
ALTER TABLE overrides ADD COLUMN shoes TEXT;
ALTER TABLE overrides ADD COLUMN wind TEXT;
ALTER TABLE overrides ADD COLUMN surface TEXT;
