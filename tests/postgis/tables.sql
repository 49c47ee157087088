CREATE SCHEMA planning;
CREATE SCHEMA "Bad ""name""; --";
CREATE TABLE planning.parcels (
  gid integer PRIMARY KEY, "地块编号" text, "现状用途" varchar(10), "面积" numeric(12, 2), surveyed date,
  seen timestamptz, tags jsonb, photo bytea, floors smallint, geom geometry(MultiPolygon, 4547)
);
INSERT INTO planning.parcels
SELECT n, 'P' || n, CASE n % 2 WHEN 0 THEN 'M1' ELSE 'R2' END, 6400, DATE '2020-06-30',
  TIMESTAMPTZ '2020-06-30 12:00+08', '{"a": [1, 2]}', '\x00', CASE WHEN n % 3 = 0 THEN NULL ELSE n END,
  CASE WHEN n = 25000 THEN NULL ELSE ST_Multi(ST_MakeEnvelope(
    510000 + 100 * (n % 500), 2510000 + 100 * (n / 500),
    510080 + 100 * (n % 500), 2510080 + 100 * (n / 500), 4547)) END
FROM generate_series(25000, 1, -1) AS n;
CREATE TABLE "Bad ""name""; --"."roads; DROP TABLE planning.parcels" (
  name text, "Shape ""1""" geometry(LineString, 4490)
);
INSERT INTO "Bad ""name""; --"."roads; DROP TABLE planning.parcels"
VALUES ('b', ST_GeomFromText('LINESTRING(114.2 22.7, 114.3 22.7)', 4490)),
       ('a', ST_GeomFromText('LINESTRING(114.1 22.7, 114.2 22.7)', 4490));
CREATE TABLE planning.roads (name text, geom geometry(LineString, 4490));
CREATE TABLE planning.two (id integer, a geometry(Point, 4326), b geometry(Point, 4547));
INSERT INTO planning.two VALUES (1, ST_SetSRID(ST_MakePoint(114.1, 22.6), 4326), NULL);
CREATE TABLE planning.arcs (id text PRIMARY KEY, geom geometry(GeometryZ, 4547));
INSERT INTO planning.arcs VALUES
  ('круг', ST_GeomFromText('CURVEPOLYGON Z(CIRCULARSTRING Z(500100 2500000 1, 500000 2500100 1,'
    || '499900 2500000 1, 500000 2499900 1, 500100 2500000 1))', 4547)),
  ('a', ST_GeomFromText('POLYGON Z((0 0 1, 1 0 1, 1 1 1, 0 0 1))', 4547));
CREATE TABLE planning.nowhere (id integer, geom geometry(Point));
INSERT INTO planning.nowhere VALUES (2, ST_MakePoint(510000, 2510000)), (1, ST_MakePoint(510001, 2510000));
CREATE TABLE planning.globe (id integer PRIMARY KEY, place geography(Point, 4326));
INSERT INTO planning.globe VALUES (7, ST_MakePoint(114.1, 22.6)::geography);
CREATE TABLE planning.solids (id integer, geom geometry(TINZ, 4547));
INSERT INTO planning.solids VALUES (1, ST_GeomFromText('TIN Z(((0 0 0, 0 1 0, 1 1 0, 0 0 0)))', 4547));
CREATE TABLE planning.ledger (id integer);
CREATE ROLE clerk LOGIN PASSWORD 'clerk-geheim';
GRANT USAGE ON SCHEMA planning TO clerk;
GRANT SELECT ON planning.two TO clerk;
