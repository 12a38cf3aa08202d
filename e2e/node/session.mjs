// A day of clients that use `pg`. It prints what they see, and goes where libpq's environment says; its argument is the
// size in megabytes of the largest value.
//
// It is run straight to PostgreSQL and through Postern; both must print the same.

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import Cursor from "pg-cursor";
import QueryStream from "pg-query-stream";

const megabytes = Number(process.argv[2] ?? 1);
const settings = { ssl: { ca: readFileSync(process.env.PGSSLROOTCERT) } };

const VALUES = [
  ["bool", "t"], ["int2", "-32768"], ["int4", "2147483647"], ["int8", "-9223372036854775808"], ["oid", "4294967295"],
  ["float4", "1.5"], ["float8", "0.1"], ["float8", "NaN"], ["numeric", "-12345678901234567890.0123456789"],
  ["numeric(12,3)", "1.0005"], ["money", "12.34"], ["text", "grüße 🐍\n\t\\"], ["varchar(3)", "abc"], ["char(5)", "ab"],
  ["name", "a name"], ['"char"', "x"], ["bytea", "\\x00ff10"], ["date", "1999-12-31"], ["date", "infinity"],
  ["time", "23:59:59.5"], ["timetz", "12:00:00+03"], ["timestamp", "2024-02-29 12:30:01.00025"],
  ["timestamptz", "2024-02-29 12:30:00+05:30"], ["interval", "1 year 2 mons 3 days 04:05:06.789"],
  ["uuid", "12345678-1234-5678-1234-567812345678"], ["json", '{"a": [1, null]}'], ["jsonb", '{"b": {"c": "x"}}'],
  ["jsonpath", "$.a[*]"], ["xml", "<a>1</a>"], ["inet", "10.1.2.3/8"], ["cidr", "10.0.0.0/8"], ["macaddr", "08:00:2b:01:02:03"],
  ["macaddr8", "08:00:2b:01:02:03:04:05"], ["bit(4)", "1010"], ["varbit", "101"], ["point", "(1.5,-2)"], ["box", "(2,2),(0,0)"],
  ["circle", "<(0,0),1>"], ["polygon", "((0,0),(1,1),(2,0))"], ["tsvector", "'a':1 'b':2"], ["tsquery", "'a' & 'b'"],
  ["int4range", "[1,5)"], ["nummultirange", "{[1,2),[3,4)}"], ["tstzrange", "[2024-01-01 00:00:00+00,)"],
  ["int4[]", "{1,2,3}"], ["text[]", '{"a,b","\\"",""}'], ["int4[][]", "{{1,2},{3,4}}"], ["pg_lsn", "16/B374D848"],
  ["regclass", "pg_class"], ["regtype", "integer"], ["mood", "fine"], ["mood[]", "{fine,low}"], ["pair", '(1,"a b")'],
  ["pair[]", '{"(1,x)",NULL}'], ["positive", "7"], ["hstore", '"a"=>"1", "b"=>NULL'], ["tid", "(0,1)"], ["xid8", "42"],
];

const FAILING = [
  "SELEC 1", "SELECT nothing", "SELECT * FROM nowhere", "SELECT 1/0", "SELECT 'x'::int", "SELECT nofunction(1)",
  "INSERT INTO items VALUES (1, 'again', 1)", "INSERT INTO items VALUES (NULL, 'none', 1)",
  "INSERT INTO items VALUES (50, 'much', -1)", "INSERT INTO parts VALUES (1, 99)", "DELETE FROM items WHERE id = 1",
  "INSERT INTO items (id, word) VALUES (51, repeat('x', 30))", "SELECT '-1'::positive", "CREATE TABLE items ()", "DROP TABLE nowhere",
  "SELECT raised('23514')", "SELECT raised('P0001')", "SELECT raised('22012')", "SELECT jsonb '{'", "SELECT (1, 2) = (1, 2, 3)",
  "SELECT * FROM items LIMIT -1", "SET statement_timeout = 'soon'", "SET nothing_known = 1", "SELECT pg_catalog.set_config('work_mem', 'x', false)",
  "SAVEPOINT outside", "FETCH ALL FROM nowhere", "EXECUTE nowhere", "NOTIFY", "LOCK TABLE items", "SELECT 'a' ~ '('", "COPY items FROM '/nonexistent/x'",
];

const show = (title, value) => console.log(`${title}: ${JSON.stringify(value, plainly)}`);

function plainly(_key, value) {
  if (typeof value === "bigint") return `${value}n`;
  if (value?.type === "Buffer") return `0x${Buffer.from(value.data).toString("hex")}`;
  return Number.isNaN(value) ? "NaN" : value;
}

const told = (error) =>
  error instanceof pg.DatabaseError ? { ...error, message: error.message, client: undefined } : `${error.name}: ${error.message}`;

async function failing(title, work) {
  try {
    show(title, ["no error", await work()]);
  } catch (error) {
    show(title, told(error));
  }
}

async function connected(more = {}) {
  const client = new pg.Client({ ...settings, ...more });
  // whoever waits for it hears of it as well
  client.on("error", () => {});
  await client.connect();
  return client;
}

// numbers that the database gave out are its own
const OWN = 16384;

const said = ({ command, rowCount, rows, fields }) => ({ command, rowCount, rows, fields: fields.map(described) });

function described(field) {
  const numbers = { tableID: field.tableID > 0, dataTypeID: field.dataTypeID < OWN ? field.dataTypeID : "own" };
  return Object.values({ ...field, ...numbers }).join(" ");
}

async function prepare(client) {
  await client.query(`
    DROP SCHEMA IF EXISTS day CASCADE; CREATE SCHEMA day; SET search_path = day, public;
    CREATE EXTENSION IF NOT EXISTS hstore;
    CREATE TYPE mood AS ENUM ('low', 'fine'); CREATE TYPE pair AS (n int, word text); CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE TABLE items (id int PRIMARY KEY, word varchar(20) NOT NULL DEFAULT 'none', n int CONSTRAINT enough CHECK (n > 0));
    CREATE TABLE parts (id int PRIMARY KEY, item int REFERENCES items DEFERRABLE);
    INSERT INTO items SELECT i, 'item ' || i, i FROM generate_series(1, 20) i; INSERT INTO parts VALUES (0, 1);
    CREATE FUNCTION raised(code text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'raised %', code USING errcode = code, detail = 'the detail', hint = 'the hint', schema = 's', table = 't',
        column = 'c', datatype = 'd', constraint = 'k'; END $$`);
}

async function types(client) {
  for (const [type, text] of VALUES) {
    // the number of the element's type stands in the binary form of arrays
    for (const binary of /^(mood|pair)\[\]$/.test(type) ? [false] : [false, true]) {
      const query = { text: `SELECT $1::${type} AS value, $1::${type}::text AS text, NULL::${type} AS none`, values: [text], binary };
      await failing(`${type} ${binary ? "binary" : "text"}`, async () => said(await client.query(query)));
    }
  }
  const given = [1, 1.5, true, null, undefined, new Date(0), Buffer.from([0, 255]), [1, [2, null]], ["a,b", null], { a: 1 }, 12n ** 20n];
  for (const value of given) {
    await failing("as text", async () => (await client.query("SELECT $1::text AS value", [value])).rows);
  }
  await failing("without type", () => client.query("SELECT $1", [1]));
  await failing("a zero byte", () => client.query("SELECT $1::text", ["a\0b"]));
  await failing("no UTF-8", () => client.query("SELECT $1::text", [Buffer.from([0xc3, 0x28])]));
  await failing("too few", () => client.query("SELECT $1::int, $2::int", [1]));
  await failing("too many", () => client.query("SELECT $1::int", [1, 2]));
  const many = Array.from({ length: 300 }, (_, i) => i);
  show("many parameters", (await client.query(`SELECT ${many.map((i) => `$${i + 1}::int`).join("+")} AS sum`, many)).rows);
  show("no columns", said(await client.query("SELECT")));
  show("empty", said(await client.query("")));
  show("only a comment", said(await client.query("-- nothing")));
  show("twice the same name", (await client.query("SELECT 1 AS a, 2 AS a")).rows);
  show("rows as arrays", said(await client.query({ text: "SELECT 1 AS a, 2 AS a", rowMode: "array" })));
  show("origin", (await client.query("SELECT i.*, p.item + 1 AS next FROM items i JOIN parts p ON p.item = i.id")).fields.map(described));
}

async function prepared(client) {
  const named = (values) => client.query({ name: "by id", text: "SELECT * FROM items WHERE id = $1", values });
  for (const id of [1, 2, 99]) show(`prepared ${id}`, (await named([id])).rows);
  show("at the server", (await client.query("SELECT name, statement, parameter_types::text, from_sql FROM pg_prepared_statements")).rows);
  await failing("the same name for another", () => client.query({ name: "by id", text: "SELECT 1" }));
  await failing("of another type", () => named(["x"]));
  await client.query("ALTER TABLE items ADD COLUMN later int DEFAULT 5");
  await failing("a plan that changed", () => named([1]));
  await client.query("ALTER TABLE items DROP COLUMN later");
  await failing("and back", async () => (await named([1])).rows);
  await client.query("DEALLOCATE ALL");
  await failing("deallocated", () => named([1]));
  await client.query("PREPARE other(int) AS SELECT $1 + 1 AS n");
  show("in SQL", (await client.query("EXECUTE other(41)")).rows);
  show("changed rows", said(await client.query({ name: "up", text: "UPDATE items SET n = n + 1 WHERE id < $1 RETURNING id", values: [3] })));
}

async function errors(client) {
  for (const text of FAILING) {
    await failing(text, () => client.query(text));
    await failing(`prepared ${text}`, () => client.query(text, []));
  }
  await failing("in a function", () => client.query("DO $$ BEGIN PERFORM day.raised('22000'); END $$"));
  await failing("three, the second fails", () => client.query("INSERT INTO items VALUES (60); SELECT 1/0; SELECT 2"));
  show("nothing of it", (await client.query("SELECT count(*) FROM items WHERE id = 60")).rows);
  const all = await client.query("CREATE TEMP TABLE several (n int); INSERT INTO several VALUES (1), (2); SELECT n FROM several; SHOW work_mem; DELETE FROM several");
  show("several", all.map(said));
  await failing("several with parameters", () => client.query("SELECT $1::int; SELECT 2", [1]));
}

async function notices(client) {
  const heard = [];
  const listener = (notice) => heard.push(told(notice));
  client.on("notice", listener);
  for (const level of ["DEBUG", "LOG", "INFO", "NOTICE", "WARNING"]) {
    await client.query(`DO $$ BEGIN RAISE ${level} 'at ${level}' USING detail = 'more', hint = 'try', errcode = '01234'; END $$`);
  }
  await client.query("SET client_min_messages = debug1");
  await client.query("CREATE TEMP TABLE noticed (id serial PRIMARY KEY)");
  await client.query("SET client_min_messages = notice");
  await client.query("DROP TABLE IF EXISTS nowhere; COMMIT; BEGIN; BEGIN; ROLLBACK; ROLLBACK");
  await pause(50);
  client.off("notice", listener);
  heard.forEach((notice) => show("notice", notice));
}

async function notifications(client) {
  const other = await connected();
  const { rows: [{ pid }] } = await other.query("SELECT pg_backend_pid() AS pid");
  const heard = [];
  client.on("notification", ({ channel, payload, processId }) => heard.push([channel, payload, processId === pid]));
  await client.query('LISTEN news; LISTEN "More News"');
  show("channels", (await client.query("SELECT pg_listening_channels()")).rows);
  await other.query("NOTIFY news, 'first'; SELECT pg_notify('More News', repeat('x', 7000))");
  await other.query("BEGIN; NOTIFY news, 'not told'; ROLLBACK");
  await other.query("SELECT pg_notify($1, $2)", ["news", "grüße"]);
  await client.query("NOTIFY news, 'own'");
  while (heard.length < 4) await pause(10);
  await client.query("UNLISTEN *");
  await other.query("NOTIFY news, 'to nobody'");
  await client.query("SELECT 1");
  client.removeAllListeners("notification");
  show("heard", heard.map(([channel, payload, own]) => [channel, payload.slice(0, 20), payload.length, own]));
  await failing("too long", () => other.query("SELECT pg_notify('news', repeat('x', 8000))"));
  await other.end();
}

async function cursors(client) {
  const cursor = client.query(new Cursor("SELECT n FROM generate_series(1, $1::int) n", [10], { rowMode: "array" }));
  for (const count of [3, 4, 5, 1]) show(`cursor ${count}`, await cursor.read(count));
  await cursor.close();
  const left = client.query(new Cursor("SELECT n FROM generate_series(1, 1000000) n"));
  show("one of many", await left.read(1));
  await left.close();
  const broken = client.query(new Cursor("SELECT 1 / (3 - n) AS x FROM generate_series(1, 5) n"));
  await failing("cursor that fails", () => broken.read(5));
  await failing("cursor of nonsense", () => client.query(new Cursor("SELECT nothing")).read(1));
  const stream = client.query(new QueryStream("SELECT n FROM generate_series(1, 1000) n", [], { batchSize: 64 }));
  let sum = 0;
  for await (const { n } of stream) sum += n;
  show("stream", sum);
  const cut = client.query(new QueryStream("SELECT n FROM generate_series(1, 100000) n", [], { batchSize: 10 }));
  for await (const { n } of cut) if (n === 25) break;
  show("after a cut stream", (await client.query("SELECT 1 AS one")).rows);
  await client.query("BEGIN; DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT n FROM generate_series(1, 5) n; FETCH 2 FROM c; COMMIT");
  for (const move of ["FETCH ALL FROM c", "FETCH BACKWARD 2 FROM c", "MOVE ABSOLUTE 1 FROM c", "FETCH NEXT FROM c", "CLOSE c"]) show(move, said(await client.query(move)));
}

async function copies(client) {
  await client.query("CREATE TABLE copied (id int PRIMARY KEY, word text)");
  const into = (text, lines) => pipeline(Readable.from(lines), client.query(copyFrom(text)));
  await into("COPY copied FROM STDIN", ["1\tone\n2\t", "two\n3\t\\N\n"]);
  await into("COPY copied (id, word) FROM STDIN (FORMAT csv, HEADER)", ["id,word\n", '4,"a ""b"""\n']);
  await into("COPY copied FROM STDIN", []);
  const long = Array.from({ length: 20000 }, (_, i) => `${i + 1000}\tword ${i}\n`);
  const stream = client.query(copyFrom("COPY copied FROM STDIN"));
  await pipeline(Readable.from(long), stream);
  show("rows copied in", stream.rowCount);
  await failing("a bad row", () => into("COPY copied FROM STDIN", ["5\tfive\nsix\tsix\n"]));
  await failing("a missing column", () => into("COPY copied FROM STDIN", ["7\n"]));
  await failing("twice", () => into("COPY copied FROM STDIN", ["1\tagain\n"]));
  await failing("broken off", () => pipeline(Readable.from((function* () { yield "8\teight\n"; throw new Error("stop"); })()), client.query(copyFrom("COPY copied FROM STDIN"))));
  for (const text of ["COPY (SELECT * FROM copied WHERE id < 10 ORDER BY id) TO STDOUT", "COPY (SELECT * FROM copied WHERE id < 10 ORDER BY id) TO STDOUT (FORMAT csv, HEADER)", "COPY (SELECT id FROM copied WHERE id = 1) TO STDOUT (FORMAT binary)"]) {
    show(text, Buffer.concat(await client.query(copyTo(text)).toArray()).toString("latin1"));
  }
  const out = client.query(copyTo("COPY copied TO STDOUT"));
  let length = 0;
  for await (const chunk of out) length += chunk.length;
  show("bytes copied out", [length, out.rowCount]);
  await failing("out of nowhere", async () => (await client.query(copyTo("COPY nowhere TO STDOUT")).toArray()).length);
  await failing("fails underway", async () => (await client.query(copyTo("COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) n) TO STDOUT")).toArray()).length);
}

async function cancelled(client) {
  const asleep = new pg.Query("SELECT pg_sleep(60)");
  const ended = new Promise((resolve) => (asleep.callback = resolve));
  client.query(asleep);
  await pause(300);
  new pg.Client(settings).cancel(client, asleep);
  show("cancelled", told(await ended));
  const other = await connected();
  const { rows: [{ pid }] } = await client.query("SELECT pg_backend_pid() AS pid");
  const sleeping = client.query("SELECT pg_sleep(60)").catch(told);
  await pause(300);
  show("by another", (await other.query("SELECT pg_cancel_backend($1) AS done", [pid])).rows);
  show("heard of it", await sleeping);
  await other.end();
  const impatient = await connected({ statement_timeout: 100, lock_timeout: 70, idle_in_transaction_session_timeout: 90 });
  show("as connected", (await impatient.query("SELECT name, setting FROM pg_settings WHERE name ~ '^(statement|lock|idle_in).*timeout' ORDER BY 1")).rows);
  await failing("statement_timeout", () => impatient.query("SELECT pg_sleep(5)"));
  await client.query("BEGIN; LOCK TABLE items");
  await failing("lock_timeout", () => impatient.query("SELECT count(*) FROM day.items"));
  await failing("nowait", () => impatient.query("SELECT 1 FROM day.items FOR UPDATE NOWAIT"));
  await client.query("ROLLBACK");
  await impatient.query("BEGIN");
  const [fatal] = await once(impatient, "error");
  show("idle in a transaction", told(fatal));
  const hasty = await connected({ query_timeout: 100 });
  await failing("query_timeout", () => hasty.query("SELECT pg_sleep(2)"));
  hasty.end();
}

async function queued() {
  for (const piped of [false, true]) {
    const client = await connected({ pipeline: piped });
    const asked = ["SELECT 1 AS n", "SELECT 1/0", "BEGIN", "SELECT nothing", "SELECT 2 AS n", "ROLLBACK", "SELECT pg_sleep(0.1)", "SELECT 3 AS n"];
    const answers = await Promise.allSettled(asked.map((text, i) => client.query(i % 2 ? { text, values: [] } : text)));
    answers.forEach((one, i) => show(`${piped ? "pipelined" : "queued"} ${asked[i]}`, one.value ? said(one.value) : told(one.reason)));
    const many = Array.from({ length: 200 }, (_, i) => client.query({ name: "double", text: "SELECT $1::int * 2 AS n", values: [i] }));
    show("many", (await Promise.all(many)).reduce((sum, { rows: [{ n }] }) => sum + n, 0));
    await client.end();
  }
}

async function transactions(client) {
  const steps = [
    "BEGIN", "INSERT INTO items VALUES (30, 'thirty', 30)", "SAVEPOINT a", "INSERT INTO items VALUES (30, 'again', 1)", "SELECT 1", "COMMIT AND CHAIN",
    "ROLLBACK TO a", "RELEASE a", "COMMIT AND CHAIN", "SELECT count(*) FROM items WHERE id = 30", "ROLLBACK", "BEGIN", "SELECT 1/0", "COMMIT",
    "START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE", "SHOW transaction_isolation", "DELETE FROM items", "ROLLBACK",
    "BEGIN", "SET CONSTRAINTS ALL DEFERRED", "INSERT INTO parts VALUES (3, 77)", "COMMIT", "SET LOCAL work_mem = '1MB'", "BEGIN", "SET LOCAL work_mem = '2MB'",
    "SHOW work_mem", "COMMIT", "SHOW work_mem", "BEGIN", "INSERT INTO items VALUES (31)", "PREPARE TRANSACTION 'two phases'", "SELECT gid FROM pg_prepared_xacts",
    "COMMIT PREPARED 'two phases'", "ROLLBACK PREPARED 'two phases'", "SELECT * FROM items WHERE id > 29", "DELETE FROM items WHERE id > 29", "ABORT",
  ];
  for (const text of steps) {
    // an error is heard before the status is
    const ready = once(client.connection, "readyForQuery");
    await failing(text, async () => said(await client.query(text)));
    await ready;
    show("status", client.getTransactionStatus());
  }
  const other = await connected();
  for (const one of [client, other]) await one.query("SET search_path = day; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM items");
  await client.query("UPDATE items SET n = 100 WHERE id = 1; COMMIT");
  await failing("of two that write", () => other.query("UPDATE items SET n = 200 WHERE id = 1"));
  await other.end();
}

async function settled(client) {
  const parameters = {};
  const other = new pg.Client({ ...settings, application_name: "a day", options: "-c work_mem=3MB -c search_path=day,public" });
  other.connection.on("parameterStatus", ({ parameterName, parameterValue }) => (parameters[parameterName] = parameterValue));
  await other.connect();
  show("at login", Object.entries(parameters).sort());
  for (const text of ["SET TimeZone = 'Asia/Tokyo'", "SET DateStyle = 'SQL, DMY'", "SET IntervalStyle = 'iso_8601'", "SET application_name = 'later'", "BEGIN; SET TimeZone = 'UTC'; ROLLBACK", "SET search_path = pg_catalog", "RESET ALL", "DISCARD ALL"]) {
    for (const name of Object.keys(parameters)) delete parameters[name];
    await failing(text, async () => [].concat(await other.query(text)).map(({ command }) => command));
    show("told", Object.entries(parameters).sort());
  }
  show("afterwards", (await other.query("SELECT current_setting('work_mem') AS a, current_setting('search_path') AS b, current_setting('application_name') AS c")).rows);
  show("who", (await client.query("SELECT current_user = session_user AS same, current_database() AS database, current_schema() AS schema, pg_is_in_recovery() AS recovering")).rows);
  await other.end();
}

async function pooled(client) {
  const pool = new pg.Pool({ ...settings, max: 2, idleTimeoutMillis: 0 });
  const lost = [];
  pool.on("error", (error) => lost.push(told(error)));
  const pids = await Promise.all([0, 1].map(() => pool.query("SELECT pg_backend_pid() AS pid, pg_sleep(0.2)")));
  const of = (i) => pids[i].rows[0].pid;
  show("two at once", [of(0) !== of(1), pool.totalCount]);
  await client.query("SELECT pg_terminate_backend($1)", [of(0)]);
  while (lost.length < 1) await pause(10);
  show("one ended", [lost, pool.totalCount]);
  const sleeping = pool.query("SELECT pg_sleep(60)").catch(told);
  await pause(300);
  await client.query("SELECT pg_terminate_backend($1)", [of(1)]);
  show("one ended at work", await sleeping);
  await pause(100);
  show("new ones", (await Promise.all([0, 1].map((n) => pool.query("SELECT $1::int AS n", [n])))).map(({ rows }) => rows));
  await pool.end();
  const idle = await connected();
  const ended = once(idle, "error");
  await idle.query("SET idle_session_timeout = 100");
  show("idle", told((await ended)[0]));
}

async function large(client) {
  const size = megabytes * 1024 * 1024;
  const { rows: [text] } = await client.query("SELECT length($1) AS length, md5($1) AS md5, $1 AS value", ["päßt ".repeat(size / 8)]);
  show("large text", [text.length, text.md5, text.value.length]);
  const { rows: [bytes] } = await client.query({ text: "SELECT length($1::bytea) AS length, md5($1) AS md5, $1 AS value", values: [Buffer.alloc(size, 7)], binary: true });
  show("large bytes", [bytes.length, bytes.md5, bytes.value.length]);
  const { rows } = await client.query("SELECT repeat('x', 1000) AS x FROM generate_series(1, $1::int)", [size / 1024]);
  show("many rows", rows.length);
  const { rows: [{ lo }] } = await client.query("SELECT lo_from_bytea(0, $1) AS lo", [Buffer.alloc(100000, 1)]);
  show("large object", (await client.query("SELECT length(lo_get($1)) AS length, lo_unlink($1) AS gone", [lo])).rows);
}

const client = await connected();
await prepare(client);
for (const chapter of [types, prepared, errors, notices, notifications, cursors, copies, cancelled, transactions, settled, pooled, large]) {
  console.log(`== ${chapter.name}`);
  await chapter(client);
}
await queued();
await client.query("DROP SCHEMA day CASCADE");
await client.end();
console.log("the end");
