-- A small shop, the same on every machine: 60 products, 150 customers, 800 orders of 2026.
--   sqlite3 shop.db < shop.sql
PRAGMA foreign_keys = ON;
BEGIN;

CREATE TABLE products (
  sku        TEXT PRIMARY KEY,
  title      TEXT NOT NULL,
  price      DECIMAL(10,2) NOT NULL,
  weight_g   INTEGER,                 -- unknown for some
  available  BOOLEAN NOT NULL
);

CREATE TABLE customers (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  city       TEXT,
  country    TEXT NOT NULL,
  born       DATE,                    -- not everyone tells
  newsletter BOOLEAN
);

CREATE TABLE orders (
  id          INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers (id),
  sku         TEXT NOT NULL REFERENCES products (sku),
  pieces      INTEGER NOT NULL,
  total       DECIMAL(10,2) NOT NULL,
  express     BOOLEAN NOT NULL,
  ordered_at  TIMESTAMP NOT NULL,
  paid_at     TIMESTAMP,              -- NULL until paid
  deliver_on  DATE,
  note        TEXT
);

-- Products: twelve things in five colours.
WITH things (n, title, cents, weight_g) AS (VALUES
  (0, 'Teapot', 3490, 850), (1, 'Cup', 990, 240), (2, 'Café filter', 1250, 310), (3, 'Kettle', 5900, 1200),
  (4, 'Honey jar', 1480, 520), (5, 'Breadboard', 2750, 940), (6, 'Whisk', 780, NULL), (7, 'Scale', 4190, 680),
  (8, 'Lemon press', 1690, 430), (9, 'Crème brûlée torch', 3950, NULL), (10, 'Sieve', 1120, 190),
  (11, 'Picnic basket', 6480, 1750)),
colours (n, title) AS (VALUES (0, 'white'), (1, 'bleu nuit'), (2, 'grün'), (3, '赤'), (4, 'oak'))
INSERT INTO products
SELECT printf('P-%03d', t.n * 5 + c.n), t.title || ', ' || c.title, printf('%.2f', (t.cents + 50 * c.n) / 100.0),
       t.weight_g, (t.n * 5 + c.n) % 17 <> 3
FROM things t, colours c ORDER BY t.n, c.n;

-- Customers: given and family names of six countries.
WITH RECURSIVE counter (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counter WHERE n < 149),
given (n, name) AS (VALUES
  (0, 'Ana'), (1, 'Björn'), (2, 'Chloé'), (3, 'Dmitri'), (4, 'Eszter'), (5, 'Filip'), (6, 'Gül'), (7, 'Hana'),
  (8, 'Íñigo'), (9, 'Jürgen'), (10, 'Κώστας'), (11, 'Lea'), (12, '美咲')),
family (n, name) AS (VALUES
  (0, 'Álvarez'), (1, 'Berg'), (2, 'Černý'), (3, 'Dupont'), (4, 'Erdoğan'), (5, 'Fischer'), (6, 'Gonçalves'),
  (7, 'Horváth'), (8, 'O''Brien'), (9, 'Ruiz'), (10, '佐藤')),
places (n, city, country) AS (VALUES
  (0, 'Sevilla', 'ES'), (1, 'Malmö', 'SE'), (2, 'Brno', 'CZ'), (3, 'Lyon', 'FR'), (4, 'Köln', 'DE'), (5, 'Győr', 'HU'),
  (6, NULL, 'JP'))
INSERT INTO customers
SELECT c.n + 1, g.name || ' ' || f.name, p.city, p.country,
       CASE WHEN c.n % 9 <> 4 THEN date('1950-01-01', printf('+%d days', (c.n * 7919) % 20000)) END,
       CASE c.n % 5 WHEN 0 THEN NULL WHEN 1 THEN 0 ELSE 1 END
FROM counter c
JOIN given g ON g.n = c.n % 13
JOIN family f ON f.n = (c.n * 2 + c.n / 13) % 11
JOIN places p ON p.n = (c.n * 3) % 7
ORDER BY c.n;

-- Orders: about two a day; one in eight is not paid yet, one in eleven has a note.
WITH RECURSIVE counter (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM counter WHERE n < 799),
notes (n, note) AS (VALUES
  (0, 'leave it with the neighbour'), (1, 'Geschenk, bitte ohne Rechnung'), (2, ''), (3, 'ring twice 🔔'),
  (4, 'line one' || char(10) || 'line two'), (5, 'said "fragile", twice')),
drafts AS (
  SELECT n + 1001 AS id, (n * 37) % 150 + 1 AS customer_id, printf('P-%03d', (n * 23 + n / 7) % 60) AS sku,
         (n * 11) % 4 + 1 AS pieces, n % 6 = 5 AS express, n % 8 <> 6 AS paid,
         datetime('2026-01-02 08:15:00', printf('+%d minutes', n * 640 + (n * 7919) % 601)) AS ordered_at,
         CASE WHEN n % 11 = 7 THEN (n / 11) % 6 END AS note
  FROM counter)
INSERT INTO orders
SELECT d.id, d.customer_id, d.sku, d.pieces, printf('%.2f', round(d.pieces * p.price + 4.9 * d.express, 2)), d.express,
       d.ordered_at,
       CASE WHEN d.paid THEN datetime(d.ordered_at, printf('+%d seconds', (d.id * 271) % 90000 + 20)) END,
       CASE WHEN d.paid THEN date(d.ordered_at, printf('+%d days', 2 + d.id % 4)) END,
       notes.note
FROM drafts d JOIN products p ON p.sku = d.sku LEFT JOIN notes ON notes.n = d.note
ORDER BY d.id;

COMMIT;
