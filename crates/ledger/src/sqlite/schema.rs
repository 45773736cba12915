//! What the file looks like: every schema that there ever was, as steps from an empty database to today's.
//!
//! An event and a claim are one JSON text each. The columns that queries need are generated from that text by SQLite
//! itself, so that a column can never say anything else than its event. A new column is a new generated column: a
//! migration that rewrites no row.

use rusqlite::{Connection, TransactionBehavior};

/// Marks the file as a ledger: `simi` in ASCII. Source: <https://www.sqlite.org/pragma.html#pragma_application_id>.
pub(super) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"simi");

/// Every migration with its number, in order. A number that was released never changes.
pub(super) const MIGRATIONS: &[(u32, &str)] = &[(1, FIRST), (2, STATE), (3, SURVEYS), (4, MARKS)];

const FIRST: &str = "
    -- One row: when and as what the ledger came to be, and the kill switch. Both JSON.
    CREATE TABLE ledger (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        birth TEXT NOT NULL CHECK (json_valid(birth)),
        pause TEXT CHECK (pause IS NULL OR json_valid(pause))
    ) STRICT;

    -- The last event of each writer; moves in the transaction that appends.
    CREATE TABLE heads (
        writer TEXT PRIMARY KEY,
        seq INTEGER NOT NULL,
        hash TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- The chain. `event` is canonical JSON, hash included.
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY CHECK (seq = event ->> '$.seq'),
        event TEXT NOT NULL,
        kind TEXT AS (event ->> '$.kind'),
        mode TEXT AS (event ->> '$.mode'),
        at TEXT AS (event ->> '$.at'),             -- RFC 3339 in UTC with three decimals: sorts as text
        account TEXT AS (event ->> '$.account'),
        unit TEXT AS (event ->> '$.unit'),
        key TEXT AS (event ->> '$.key')
    ) STRICT;
    CREATE INDEX events_kind ON events (kind, account);
    CREATE INDEX events_account ON events (account);
    CREATE INDEX events_unit ON events (unit);
    CREATE INDEX events_key ON events (key);
    CREATE INDEX events_at ON events (at);

    -- Every key that was claimed: a key is claimed at most once.
    CREATE TABLE claims (
        key TEXT NOT NULL PRIMARY KEY CHECK (key = record ->> '$.key'),
        record TEXT NOT NULL,
        mode TEXT AS (record ->> '$.mode'),
        date TEXT AS (record ->> '$.date'),
        account TEXT AS (record ->> '$.scope.account'),
        full_unit TEXT AS (
            (record ->> '$.scope.account') || '/' || (record ->> '$.scope.region') || '/' || (record ->> '$.unit')
        ),
        stage TEXT AS (record ->> '$.stage'),
        outcome TEXT AS (record ->> '$.outcome'),
        targets INTEGER AS (json_array_length(record, '$.targets'))
    ) STRICT;
    CREATE INDEX claims_date ON claims (mode, date, account);
    CREATE INDEX claims_unit ON claims (mode, account, full_unit, outcome, date);
    CREATE INDEX claims_open ON claims (mode, stage, targets) WHERE stage <> 'closed';

    -- What was spent, by name. Never given back.
    CREATE TABLE counters (
        name TEXT PRIMARY KEY,
        used INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- How far each sink has told the events.
    CREATE TABLE cursors (
        sink TEXT PRIMARY KEY,
        seq INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
";

/// Pauses may be several; what was read from old events is state; old rows may go.
const STATE: &str = "
    -- The pauses that nobody has ended. JSON.
    CREATE TABLE pauses (
        id TEXT NOT NULL PRIMARY KEY CHECK (id = pause ->> '$.id'),
        pause TEXT NOT NULL
    ) STRICT;
    INSERT INTO pauses (id, pause)
        SELECT 'first', json_set(pause, '$.id', 'first') FROM ledger WHERE pause IS NOT NULL;
    ALTER TABLE ledger DROP COLUMN pause;

    -- When the pause of the ledger's birth was first lifted.
    UPDATE ledger SET birth = json_set(birth, '$.woken', woken.at) FROM (
        SELECT min(at) AS at FROM events
        WHERE kind = 'daemon.resumed' AND event ->> '$.outcome' = 'new-ledger'
    ) AS woken WHERE woken.at IS NOT NULL;

    -- The findings that are open, each with the event that opened it, without its place in the chain.
    CREATE TABLE findings (
        id TEXT NOT NULL PRIMARY KEY,
        draft TEXT NOT NULL,
        account TEXT AS (draft ->> '$.account')
    ) STRICT;
    CREATE INDEX findings_account ON findings (account);
    INSERT INTO findings (id, draft)
        SELECT key, json_remove(event, '$.schema', '$.id', '$.writer', '$.seq', '$.prev', '$.hash') FROM events AS e
        WHERE kind = 'finding.opened' AND key IS NOT NULL AND seq = (
            SELECT max(seq) FROM events AS l
            WHERE l.key = e.key AND l.kind IN ('finding.opened', 'finding.closed')
        );

    -- When a unit was first seen opted in.
    CREATE TABLE sights (
        account TEXT NOT NULL,
        unit TEXT NOT NULL,
        date TEXT NOT NULL,
        PRIMARY KEY (account, unit)
    ) STRICT, WITHOUT ROWID;

    -- The last event that was removed from the front of each chain.
    CREATE TABLE checkpoints (
        writer TEXT PRIMARY KEY,
        seq INTEGER NOT NULL,
        hash TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- A unit that spans regions says its name in full itself.
    DROP INDEX claims_unit;
    ALTER TABLE claims DROP COLUMN full_unit;
    ALTER TABLE claims ADD COLUMN full_unit TEXT AS (coalesce(
        record ->> '$.spans',
        (record ->> '$.scope.account') || '/' || (record ->> '$.scope.region') || '/' || (record ->> '$.unit')
    ));
    CREATE INDEX claims_unit ON claims (mode, account, full_unit, outcome, date);
    ";

/// What a survey is compared with was read from the last event of a round, believed or not.
const SURVEYS: &str = "
    -- How many groups the last survey saw that was believed.
    CREATE TABLE surveys (
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        seen INTEGER NOT NULL,
        PRIMARY KEY (account, region)
    ) STRICT, WITHOUT ROWID;
    -- Of the columns beside a max() SQLite takes those of the row that has it.
    INSERT INTO surveys (account, region, seen) SELECT account, region, seen FROM (
        SELECT account, event ->> '$.region' AS region, event ->> '$.counts.groups' AS seen, max(seq) FROM events
        WHERE kind = 'round.closed' AND account IS NOT NULL
            AND event ->> '$.region' IS NOT NULL AND event ->> '$.counts.groups' IS NOT NULL
        GROUP BY 1, 2
    );
";

/// What the janitor has marked.
const MARKS: &str = "
    CREATE TABLE marks (
        mode TEXT NOT NULL,
        account TEXT NOT NULL,
        region TEXT NOT NULL,
        resource TEXT NOT NULL,
        mark TEXT NOT NULL CHECK (json_valid(mark)),
        PRIMARY KEY (mode, account, region, resource)
    ) STRICT, WITHOUT ROWID;
";

/// The newest schema that this simian knows.
pub(super) fn known() -> u32 {
    MIGRATIONS.last().map_or(0, |(number, _)| *number)
}

/// The schema that the file has.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Whose file it is.
pub(super) fn application(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}

/// Runs what is missing, each step in a transaction with its number.
pub(super) fn migrate(connection: &mut Connection, migrations: &[(u32, &str)]) -> rusqlite::Result<()> {
    let found = version(connection)?;
    for (number, sql) in migrations.iter().filter(|(number, _)| *number > found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}
