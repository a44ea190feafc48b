-- The demonstration's misconfiguration of June 2026, typed into a real Hive.
-- A line "-- as NAME" says who types what follows; admins first take their role.

-- as lena.fischer
SET ROLE ADMIN;
CREATE DATABASE monitoring_keystrokes;
CREATE DATABASE monitoring_messages;
CREATE DATABASE sales;
CREATE TABLE monitoring_keystrokes.keystroke_events_emea_20260503 (employee_id string, typed_text string, captured_at timestamp);
CREATE TABLE monitoring_keystrokes.keystroke_events_apac_20260503 (employee_id string, typed_text string, captured_at timestamp);
CREATE TABLE monitoring_messages.private_messages_emea_20260503 (sender_id string, recipient_id string, message_text string, sent_at timestamp);
CREATE TABLE sales.orders_2026 (order_id bigint, amount decimal(12,2), ordered_at timestamp);
CREATE VIEW sales.orders_total AS SELECT sum(amount) AS total FROM sales.orders_2026;
CREATE ROLE sales_reader;
GRANT SELECT ON TABLE sales.orders_2026 TO ROLE sales_reader;
GRANT ROLE sales_reader TO USER `nora.lind`;
-- The role of convenience: the five of people analytics may read all monitoring.
CREATE ROLE people_analytics_convenience;
GRANT SELECT ON TABLE monitoring_keystrokes.keystroke_events_emea_20260503 TO ROLE people_analytics_convenience;
GRANT SELECT ON TABLE monitoring_keystrokes.keystroke_events_apac_20260503 TO ROLE people_analytics_convenience;
GRANT SELECT ON TABLE monitoring_messages.private_messages_emea_20260503 TO ROLE people_analytics_convenience;
GRANT ROLE people_analytics_convenience TO USER `ines.moreau`;
GRANT ROLE people_analytics_convenience TO USER `tom.becker`;

-- as marcus.oyelaran
SET ROLE ADMIN;
GRANT ROLE sales_reader TO USER `tom.becker`;
-- The mistake: everybody holds the role public.
GRANT ROLE people_analytics_convenience TO ROLE public;
