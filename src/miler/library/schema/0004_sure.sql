-- How sure a time is: the 95 % interval on the elapsed clock, and the grade of its evidence.

ALTER TABLE efforts ADD COLUMN low_s REAL;
ALTER TABLE efforts ADD COLUMN high_s REAL;
ALTER TABLE efforts ADD COLUMN grade TEXT;

CREATE TEMP TABLE told (activity_id, length_m, low_s, high_s, grade, PRIMARY KEY (activity_id, length_m));
INSERT OR IGNORE INTO told
    SELECT d.activity_id, json_extract(e.value, '$.length_m'), json_extract(e.value, '$.low_s'),
           json_extract(e.value, '$.high_s'), json_extract(e.value, '$.evidence.grade')
    FROM documents d, json_each(text_of(d.document), '$.efforts') e;
UPDATE efforts SET (low_s, high_s, grade) = (
    SELECT t.low_s, t.high_s, t.grade FROM told t
    WHERE t.activity_id = efforts.activity_id AND t.length_m = efforts.length_m
);
DROP TABLE told;
