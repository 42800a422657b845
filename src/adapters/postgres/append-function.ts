/**
 * How a group of appends becomes entries, as a function in the database: one statement, one commit, and each statement
 * within it sees what others had committed before it was given the rows it waits for.
 */

/**
 * Appends in the order of the arrays, which are sorted by conversation, and notes settled entries before. Each array has
 * an element for each append; absent is null.
 *
 * - `rests` and `lengths`: the text, and how long it will be with what precedes it, as people count characters.
 * - `keys`: the name of each send; no two of one conversation are the same in one call. `sends`: another name of it, of
 *   the asker's own, where `keys` is not that.
 * - `targets` and `erases`: on a replace. It is the only append of its conversation in the call.
 * - `takes`: whether its turn is taken, if it is open, for `turn_ms` milliseconds.
 *
 * Answers for each, in order: 0 unknown, 1 full, 2 missing, 3 appended, 4 repeated; position, position in the id,
 * timestamp, its turn (0 open, or taken by this very send; 1 somebody else is in it; 2 settled), and on a repeated one the
 * own name of the send that was first.
 */
export const appendFunction = `
CREATE FUNCTION landline.append_1(
  conversations text[], bots text[], rests text[], lengths integer[], audiences text[], ats bigint[], keys text[],
  sends text[], targets integer[], erases boolean[], takes boolean[], settled_in text[], settled_at integer[],
  entries_max integer, characters_max bigint, seen_lag_ms bigint, turn_ms integer)
RETURNS TABLE (outcome integer, at integer, target integer, timestamp_ms bigint, turn integer, send text)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
  one record;
  head text;
  head_last integer;
  head_ms bigint;
  head_characters bigint;
  head_hash bytea;
  head_seen_ms bigint;
  is_erase boolean;
  turn_end timestamptz := clock_timestamp() + turn_ms * interval '1 millisecond';
  given_at integer[] := '{}';
  given_target integer[] := '{}';
  given_ms bigint[] := '{}';
  given_hash bytea[] := '{}';
  head_ids text[] := '{}';
  head_lasts integer[] := '{}';
  head_mss bigint[] := '{}';
  head_characterss bigint[] := '{}';
  head_hashes bytea[] := '{}';
  head_seens bigint[] := '{}';
BEGIN
  -- In the order of the ids, as everybody locks several: nobody waits for somebody who waits for him.
  PERFORM 1 FROM landline.conversations c WHERE c.id = ANY (conversations || settled_in)
    ORDER BY c.id FOR NO KEY UPDATE;
  IF cardinality(settled_in) > 0 THEN
    INSERT INTO landline.settled (conversation, position)
      SELECT c.id, s.position FROM unnest(settled_in, settled_at) AS s (conversation, position)
      JOIN landline.conversations c ON c.id = s.conversation AND c.last >= s.position
      ON CONFLICT DO NOTHING;
  END IF;
  FOR one IN
    SELECT a.*, c.id IS NOT NULL AS is_there, c.last, c.last_timestamp_ms, c.characters, c.hash, c.seen_ms,
      e.position AS known_at, coalesce(e.target, e.position) AS known_target, e.timestamp_ms AS known_ms,
      coalesce(e.send, e.key) AS known_send, coalesce(e.turn_send, e.send, e.key) AS holder, e.turn_until,
      coalesce(a.send, a.key) AS own_send,
      e.position IS NOT NULL AND EXISTS (SELECT 1 FROM landline.settled s
        WHERE s.conversation = e.conversation AND s.position = e.position) AS is_settled
    FROM unnest(conversations, bots, rests, lengths, ats, keys, sends, targets, erases, takes) WITH ORDINALITY
      AS a (conversation, bot, rest, length, at_ms, key, send, target, erase, takes, ordinal)
    LEFT JOIN LATERAL (SELECT * FROM landline.conversations c
      WHERE c.id = a.conversation AND c.bot = a.bot LIMIT 1) c ON true
    LEFT JOIN LATERAL (SELECT * FROM landline.entries e
      WHERE e.conversation = c.id AND e.key = a.key LIMIT 1) e ON true
    ORDER BY a.ordinal
  LOOP
    at := NULL; target := NULL; timestamp_ms := NULL; turn := 0; send := NULL;
    IF one.is_there AND head IS DISTINCT FROM one.conversation THEN
      head := one.conversation;
      head_last := one.last;
      head_ms := one.last_timestamp_ms;
      head_characters := one.characters;
      head_hash := one.hash;
      head_seen_ms := one.seen_ms;
    END IF;
    is_erase := coalesce(one.erase, false);
    IF NOT one.is_there THEN
      outcome := 0;
    ELSIF one.known_at IS NOT NULL THEN
      outcome := 4;
      at := one.known_at;
      target := one.known_target;
      timestamp_ms := one.known_ms;
      send := one.known_send;
      IF one.is_settled THEN
        turn := 2;
      ELSIF one.takes AND one.turn_until > clock_timestamp() AND one.holder <> one.own_send THEN
        turn := 1;
      ELSIF one.takes THEN
        UPDATE landline.entries e SET turn_send = one.own_send, turn_until = turn_end
          WHERE e.conversation = head AND e.position = one.known_at;
      END IF;
    ELSE
      outcome := 3;
      at := head_last + 1;
      target := at;
      timestamp_ms := greatest(one.at_ms, head_ms + 1);
      IF one.target IS NOT NULL THEN
        SELECT e.position, e.timestamp_ms INTO target, timestamp_ms FROM landline.entries e
          WHERE e.conversation = head AND e.position = one.target AND e.target IS NULL AND e.state < 2;
        IF NOT FOUND THEN outcome := 2; END IF;
      END IF;
      IF outcome = 3 AND NOT is_erase AND (at > entries_max OR head_characters + one.length > characters_max) THEN
        outcome := 1;
      END IF;
    END IF;
    IF outcome = 3 THEN
      IF one.target IS NOT NULL AND is_erase THEN
        UPDATE landline.entries e SET state = 2, rest = NULL
          WHERE e.conversation = head AND (e.position = one.target OR e.target = one.target);
      ELSIF one.target IS NOT NULL THEN
        UPDATE landline.entries e SET state = 1
          WHERE e.conversation = head AND e.state = 0 AND (e.position = one.target OR e.target = one.target);
      END IF;
      -- The text as clients see it, chained to the hash before.
      head_hash := sha256(head_hash || convert_to(at || '{"id":"' || head || '|' ||
        CASE WHEN target < 10000000 THEN lpad(target::text, 7, '0') ELSE target::text END || '","timestamp":"' ||
        to_char(to_timestamp(timestamp_ms / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') || '",' ||
        one.rest, 'UTF8'));
      head_last := at;
      head_ms := greatest(head_ms, timestamp_ms);
      head_characters := head_characters + one.length;
      IF one.at_ms >= head_seen_ms + seen_lag_ms THEN head_seen_ms := one.at_ms; END IF;
      IF cardinality(head_ids) = 0 OR head_ids[cardinality(head_ids)] <> head THEN
        head_ids := head_ids || head;
      END IF;
      head_lasts[cardinality(head_ids)] := head_last;
      head_mss[cardinality(head_ids)] := head_ms;
      head_characterss[cardinality(head_ids)] := head_characters;
      head_hashes[cardinality(head_ids)] := head_hash;
      head_seens[cardinality(head_ids)] := head_seen_ms;
      given_at := given_at || at;
      given_target := given_target || CASE WHEN one.target IS NOT NULL THEN target END;
      given_ms := given_ms || timestamp_ms;
      given_hash := given_hash || head_hash;
    ELSE
      given_at := given_at || NULL::integer;
      given_target := given_target || NULL::integer;
      given_ms := given_ms || NULL::bigint;
      given_hash := given_hash || NULL::bytea;
    END IF;
    RETURN NEXT;
  END LOOP;
  IF cardinality(head_ids) = 0 THEN RETURN; END IF;
  INSERT INTO landline.entries
      (conversation, position, target, timestamp_ms, audience, key, send, hash, turn_until, rest)
    SELECT a.conversation, a.position, a.target, a.timestamp_ms, a.audience, a.key, a.send, a.hash,
      CASE WHEN a.takes THEN turn_end END, a.rest
    FROM unnest(conversations, given_at, given_target, given_ms, audiences, keys, sends, given_hash, takes, rests)
      AS a (conversation, position, target, timestamp_ms, audience, key, send, hash, takes, rest)
    WHERE a.position IS NOT NULL;
  UPDATE landline.conversations c SET last = h.last, last_timestamp_ms = h.last_timestamp_ms,
      characters = h.characters, hash = h.hash, seen_ms = h.seen_ms
    FROM unnest(head_ids, head_lasts, head_mss, head_characterss, head_hashes, head_seens)
      AS h (id, last, last_timestamp_ms, characters, hash, seen_ms)
    WHERE c.id = h.id;
END $$`
