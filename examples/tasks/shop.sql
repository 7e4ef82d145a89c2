-- A small shop's stock; the same database on every machine: sqlite3 stock.db < shop.sql
CREATE TABLE stock (
  sku TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  pieces INTEGER NOT NULL CHECK (pieces >= 0),
  price DECIMAL(10,2) NOT NULL,
  counted_on DATE
);
CREATE TABLE movements (
  id INTEGER PRIMARY KEY,
  sku TEXT NOT NULL REFERENCES stock (sku),
  pieces INTEGER NOT NULL,
  reason TEXT NOT NULL
);
INSERT INTO stock VALUES
  ('P-001', 'Whisk, bleu nuit', 12, 8.3, '2026-01-31'),
  ('P-002', 'Cup, 赤', 0, 4.5, '2026-02-28'),
  ('P-003', 'Crème brûlée torch', 3, 39.5, NULL),
  ('P-004', '50% wool tea cosy', 7, 12, '2026-03-15');
