/**
 * Changes of several rows that belong together, as functions in the database: one statement each, where a transaction of
 * several would hold its locks over as many ways to the server and back.
 */

/**
 * Makes a conversation if it is not there, and somebody a member. Answers whether this send has made it: a send that is
 * repeated because its answer was lost is told the same again.
 */
export const startFunction = `
CREATE FUNCTION landline.start_1(
  given_id text, given_bot text, given_site text, given_locale text, given_ms bigint, given_send text, seen_lag_ms bigint,
  member text, member_name text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  is_started boolean;
BEGIN
  INSERT INTO landline.conversations (id, bot, site, locale, seen_ms, started_ms, send)
    VALUES (given_id, given_bot, given_site, given_locale, given_ms, given_ms, given_send)
    ON CONFLICT DO NOTHING;
  is_started := FOUND;
  IF NOT is_started THEN
    UPDATE landline.conversations SET seen_ms = given_ms
      WHERE id = given_id AND bot = given_bot AND seen_ms <= given_ms - seen_lag_ms;
    SELECT send = given_send INTO is_started FROM landline.conversations WHERE id = given_id;
  END IF;
  IF member IS NOT NULL THEN PERFORM landline.join_1(given_id, given_bot, member, member_name, given_send); END IF;
  RETURN coalesce(is_started, false);
END $$`

/** Makes somebody a member. Answers 'joined', to a repeated send too, 'already' or 'unknown'. */
export const joinFunction = `
CREATE FUNCTION landline.join_1(given_id text, given_bot text, member text, member_name text, given_send text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  first_send text;
BEGIN
  -- So that nobody forgets the conversation meanwhile. Appends go on.
  PERFORM 1 FROM landline.conversations WHERE id = given_id AND bot = given_bot FOR KEY SHARE;
  IF NOT FOUND THEN RETURN 'unknown'; END IF;
  INSERT INTO landline.members (conversation, id, name, send) VALUES (given_id, member, member_name, given_send)
    ON CONFLICT DO NOTHING;
  IF FOUND THEN RETURN 'joined'; END IF;
  SELECT send INTO first_send FROM landline.members WHERE conversation = given_id AND id = member;
  RETURN CASE WHEN first_send = given_send THEN 'joined' ELSE 'already' END;
END $$`

/**
 * Forgets conversations with all that belongs to them: if \`before_ms\` is given, those that nobody has used since. Answers
 * which of them are not there any more.
 */
export const forgetFunction = `
CREATE FUNCTION landline.forget_1(ids text[], before_ms bigint) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  gone text[];
BEGIN
  -- In the order of the ids, as everybody locks several. What was added before is seen by the statements that follow.
  PERFORM 1 FROM landline.conversations WHERE id = ANY (ids) ORDER BY id FOR UPDATE;
  gone := ARRAY(SELECT id FROM landline.conversations
    WHERE id = ANY (ids) AND (before_ms IS NULL OR seen_ms < before_ms));
  DELETE FROM landline.entries WHERE conversation = ANY (gone);
  DELETE FROM landline.settled WHERE conversation = ANY (gone);
  DELETE FROM landline.members WHERE conversation = ANY (gone);
  DELETE FROM landline.bags WHERE conversation = ANY (gone);
  DELETE FROM landline.turns WHERE conversation = ANY (gone);
  DELETE FROM landline.conversations WHERE id = ANY (gone);
  RETURN ARRAY(SELECT given FROM unnest(ids) AS given WHERE NOT EXISTS (
    SELECT 1 FROM landline.conversations WHERE id = given));
END $$`

/**
 * Keeps a setting; if \`is_expected\`, only where \`expected\` is there, or nothing for null. Answers whether it did; to a
 * repeated send that did, the same again.
 */
export const putSettingFunction = `
CREATE FUNCTION landline.put_setting_1(given text, new_value text, is_expected boolean, expected text, given_send text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  found landline.settings;
  next_version bigint;
BEGIN
  SELECT version + 1 INTO next_version FROM landline.settings_version FOR UPDATE;
  SELECT * INTO found FROM landline.settings WHERE name = given;
  IF found.send = given_send THEN RETURN true; END IF;
  IF is_expected AND found.value IS DISTINCT FROM expected THEN RETURN false; END IF;
  UPDATE landline.settings_version SET version = next_version;
  INSERT INTO landline.settings (name, value, version, send) VALUES (given, new_value, next_version, given_send)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value, version = excluded.version, send = excluded.send;
  RETURN true;
END $$`
