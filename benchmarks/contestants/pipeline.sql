-- The tables of stedi in plain SQL, as somebody would write them who does without it. DuckDB and Spark run the same
-- text, so that they do the same work. Each brings the views over the JSON files and a few functions:
--
--   from_ms(ms)                the time that epoch milliseconds stand for
--   key_of(text)               what all spellings of an e-mail or a serial number have in common
--   pseudonym(domain, text)    32 hex digits made of the key
--   granted(share)             the share date where it grants consent, else null
--   birthday(text)             the date where the text is a plausible one, else null
--
-- A query under "keep" is held for the next ones, the result of one under "write" becomes Parquet files.

-- write: customer_landing
SELECT customerName AS customer_name, email, phone, birthDay AS birth_day, serialNumber AS serial_number,
    from_ms(registrationDate) AS registration_date, from_ms(lastUpdateDate) AS last_update_date,
    from_ms(shareWithResearchAsOfDate) AS share_with_research_as_of_date,
    from_ms(shareWithPublicAsOfDate) AS share_with_public_as_of_date,
    from_ms(shareWithFriendsAsOfDate) AS share_with_friends_as_of_date
FROM customer_json

-- write: accelerometer_landing
SELECT user, from_ms(timestamp) AS timestamp, x, y, z FROM accelerometer_json

-- write: step_trainer_landing
SELECT from_ms(sensorReadingTime) AS sensor_reading_time, serialNumber AS serial_number,
    distanceFromObject AS distance_from_object
FROM step_trainer_json

-- keep: statement
-- What each record says: a grant, or (share is null) a denial.
SELECT *, pseudonym('customer', email) AS customer_id, pseudonym('device', serial_number) AS device_id,
    granted(share_with_research_as_of_date) AS share,
    CASE WHEN granted(share_with_research_as_of_date) IS NULL THEN last_update_date END AS denied_at
FROM customer_landing

-- keep: consent
-- None of a customer's newest records may deny; a new grant can't reach back over a denial.
WITH standing AS (
    SELECT customer_id, max(last_update_date) AS newest_at, max(denied_at) AS last_denial_at
    FROM statement GROUP BY customer_id
)
SELECT customer_id, greatest(max(share), max(last_denial_at) + INTERVAL 1 MILLISECOND) AS consent_from
FROM statement JOIN standing USING (customer_id)
WHERE last_update_date = newest_at AND (last_denial_at IS NULL OR last_denial_at < newest_at)
GROUP BY customer_id

-- keep: holder
SELECT customer_id, device_id FROM statement GROUP BY customer_id, device_id
HAVING max(denied_at) IS NULL OR max(denied_at) < max(last_update_date)

-- keep: device
-- Everybody who ever listed the device must consent.
SELECT device_id, max(consent_from) AS device_consent_from
FROM (SELECT DISTINCT customer_id, device_id FROM statement) AS claimant LEFT JOIN consent USING (customer_id)
GROUP BY device_id HAVING count(*) = count(consent_from)

-- write: customer_trusted
-- Of several records of a customer and device the greatest one, by all of its columns.
WITH admitted AS (
    SELECT *, row_number() OVER (
        PARTITION BY customer_id, device_id
        ORDER BY last_update_date DESC, customer_name DESC NULLS LAST, email DESC, phone DESC NULLS LAST,
            birth_day DESC NULLS LAST, serial_number DESC, registration_date DESC NULLS LAST,
            share_with_research_as_of_date DESC NULLS LAST, share_with_public_as_of_date DESC NULLS LAST,
            share_with_friends_as_of_date DESC NULLS LAST
    ) AS place
    FROM statement JOIN consent USING (customer_id) JOIN holder USING (customer_id, device_id)
    LEFT JOIN device USING (device_id)
)
SELECT customer_id, device_id, customer_name, email, phone, birthday(birth_day) AS birth_day, serial_number,
    registration_date, last_update_date, share_with_research_as_of_date, share_with_public_as_of_date,
    share_with_friends_as_of_date, consent_from, device_consent_from
FROM admitted WHERE place = 1

-- keep: person
SELECT user, customer_id, consent_from
FROM (SELECT user, pseudonym('customer', user) AS customer_id
    FROM (SELECT DISTINCT user FROM accelerometer_landing) AS spelling) AS known
JOIN consent USING (customer_id)

-- write: accelerometer_trusted
SELECT DISTINCT customer_id, timestamp, x, y, z
FROM accelerometer_landing JOIN person USING (user) WHERE timestamp >= consent_from

-- write: customer_curated
SELECT customer_id, device_id, consent_from, device_consent_from,
    CAST(floor(year(birth_day) / 10) * 10 AS INT) AS birth_decade, first_reading_at, last_reading_at, readings
FROM customer_trusted JOIN (
    SELECT customer_id, min(timestamp) AS first_reading_at, max(timestamp) AS last_reading_at,
        count(*) AS readings
    FROM accelerometer_trusted GROUP BY customer_id
) AS seen USING (customer_id)

-- keep: trainer
SELECT serial_number, device_id, device_consent_from
FROM (SELECT serial_number, pseudonym('device', serial_number) AS device_id
    FROM (SELECT DISTINCT serial_number FROM step_trainer_landing) AS spelling) AS known
JOIN device USING (device_id)

-- write: step_trainer_trusted
SELECT customer_id, device_id, sensor_reading_time, distance_from_object
FROM (
    SELECT DISTINCT device_id, sensor_reading_time, distance_from_object
    FROM step_trainer_landing JOIN trainer USING (serial_number)
    WHERE sensor_reading_time >= device_consent_from
) AS step JOIN customer_curated USING (device_id)

-- write: machine_learning_curated
SELECT step.customer_id, device_id, timestamp, x, y, z, distance_from_object
FROM step_trainer_trusted AS step JOIN accelerometer_trusted AS phone
    ON step.customer_id = phone.customer_id AND sensor_reading_time = timestamp
