// A day of a program that uses Prisma's client. It prints what it sees, and goes where libpq's environment says; with the
// argument `seed` it only fills the tables, as `prisma migrate reset` wants it.
//
// It is run straight to PostgreSQL and through Postern; both must print the same.

import { createRequire } from "node:module";
import { adapter } from "./database.mjs";

// made by `prisma generate`
const { Prisma, PrismaClient } = createRequire(import.meta.url)("./generated");
const client = new PrismaClient({
  adapter: adapter(),
  errorFormat: "minimal",
  // a busy machine is no error
  transactionOptions: { timeout: 120_000, maxWait: 120_000 },
});

const HOUR = 3_600_000;

const show = (title, value) => console.log(`${title}: ${JSON.stringify(value, plainly)}`);

// what makes its own JSON has done so before it comes here
function plainly(key, value) {
  const own = this[key];
  if (own instanceof Date) return Math.abs(own - Date.now()) < HOUR ? "about now" : `date ${value}`;
  if (Prisma.Decimal.isDecimal(own)) return `decimal ${value}`;
  if (own instanceof Uint8Array) return `0x${Buffer.from(own).toString("hex")}`;
  if (typeof own === "bigint") return `${own}n`;
  if (typeof own === "number" && !Number.isFinite(own)) return String(own);
  return value;
}

function told(error) {
  const { name, code, meta, message } = error;
  return { name, code, meta: meta && { ...meta, timeTaken: undefined }, message: message.replaceAll(/\/\S+\//g, "").replaceAll(/\d+ ms/g, "N ms") };
}

async function tried(title, work) {
  try {
    show(title, await work());
  } catch (error) {
    show(title, told(error));
  }
}

const PEOPLE = ["ann", "ben", "cid", "dora", "eve"].map((name, n) => ({ id: n + 1, name, email: `${name}@example.com` }));

async function seed() {
  const made = await client.person.createMany({ data: PEOPLE, skipDuplicates: true });
  // what is inserted with its number does not count it up
  await client.$executeRaw`SELECT setval(pg_get_serial_sequence('"Person"', 'id'), 100)`;
  await client.tag.createMany({ data: ["red", "green", "blue"].map((word) => ({ word })) });
  show("seeded", made);
}

async function nested() {
  const post = (title, tags) => ({ title, tags: { connectOrCreate: tags.map((word) => ({ where: { word }, create: { word } })) } });
  await tried("a person and all that is his", () =>
    client.person.create({
      data: {
        email: "fay@example.com",
        name: "fay",
        moods: ["fine", "great"],
        boss: { connect: { id: 1 } },
        staff: { create: [{ email: "gus@example.com" }, { email: "hal@example.com", mood: null }] },
        passport: { create: { number: "P1234567" } },
        posts: { create: [post("one", ["red", "white"]), post("two", ["white"])] },
        orders: { create: [{ price: "1234567.891", size: "large" }, { price: 0.5 }] },
      },
      include: { boss: true, staff: { orderBy: { id: "asc" } }, passport: true, orders: true, posts: { select: { title: true, tags: true } } },
    }),
  );
  const once = { authorId_title: { authorId: 101, title: "one" } };
  await tried("changed within", () =>
    client.post.update({
      where: { once: once.authorId_title },
      data: {
        words: { increment: 9_007_199_254_740_993n },
        changed: new Date("2026-02-03T04:05:06.789Z"),
        tags: { disconnect: { word: "red" }, set: [{ word: "blue" }], create: { word: "black" } },
        comments: { create: [1, 2].map((number) => ({ number, text: `no. ${number}`, byId: number })) },
      },
      include: { tags: { orderBy: { word: "asc" } }, comments: true, author: { select: { email: true } } },
    }),
  );
  await tried("put or changed", async () => {
    const words = [];
    for (const number of [1, 3]) {
      const at = { postId_number: { postId: 1, number } };
      words.push(await client.comment.upsert({ where: at, create: { postId: 1, number, byId: 3, text: "new" }, update: { text: "old" } }));
    }
    return words;
  });
  await tried("many", () => client.person.updateManyAndReturn({ where: { id: { gt: 100 } }, data: { mood: "great" }, omit: { bossId: true } }));
  await tried("many made", () =>
    client.post.createManyAndReturn({ data: PEOPLE.map(({ id }) => ({ authorId: id, title: `by ${id}`, words: id })), skipDuplicates: true, include: { author: true } }),
  );
  await tried("within a relation", () =>
    client.person.update({
      where: { id: 101 },
      data: { posts: { updateMany: { where: { title: "two" }, data: { words: 7 } }, deleteMany: { title: "none" } }, staff: { disconnect: { id: 102 } } },
      select: { posts: { orderBy: { id: "asc" }, select: { title: true, words: true } }, _count: { select: { posts: true, staff: true } } },
    }),
  );
}

async function queries() {
  const { person, post, order } = client;
  const found = {
    insensitively: () => person.findMany({ where: { email: { contains: "AN", mode: "insensitive" } } }),
    "by parts": () => person.findMany({ where: { OR: [{ name: { startsWith: "d" } }, { name: { endsWith: "_e" } }], NOT: { id: { in: [1, 2] } } }, orderBy: { id: "asc" } }),
    "by null": () => person.findMany({ where: { bossId: { not: null } }, orderBy: [{ mood: { sort: "desc", nulls: "last" } }, { id: "asc" }] }),
    "by lists": () => person.findMany({ where: { moods: { hasEvery: ["fine"] } } }),
    "by relations": () => person.findMany({ where: { posts: { some: { tags: { some: { word: "white" } } }, none: { words: 5 } } }, include: { _count: { select: { posts: true } } } }),
    "by every": () => person.findMany({ where: { posts: { every: { words: { gte: 0 } } }, passport: { is: null } }, select: { id: true }, orderBy: { id: "asc" } }),
    joined: () => person.findMany({ relationLoadStrategy: "join", where: { id: 101 }, include: { posts: { include: { tags: true, comments: true }, orderBy: { id: "asc" } }, orders: true } }),
    "by queries": () => person.findMany({ relationLoadStrategy: "query", where: { id: 101 }, include: { posts: { include: { tags: true }, orderBy: { id: "asc" } }, orders: true } }),
    paged: () => post.findMany({ cursor: { id: 3 }, skip: 1, take: 2, orderBy: { id: "asc" }, select: { id: true, title: true } }),
    backwards: () => post.findMany({ take: -2, orderBy: { id: "asc" }, select: { id: true } }),
    distinct: () => person.findMany({ distinct: ["mood"], orderBy: { mood: "asc" }, select: { mood: true } }),
    "by count": () => person.findMany({ orderBy: [{ posts: { _count: "desc" } }, { id: "asc" }], select: { id: true }, take: 3 }),
    first: () => post.findFirst({ where: { made: { lte: new Date("2026-01-01Z") } }, orderBy: { title: "desc" } }),
    unique: () => person.findUnique({ where: { email: "ann@example.com", name: { not: "ben" } } }),
    nobody: () => person.findUnique({ where: { id: 7777 } }),
    nobodyAtAll: () => person.findUniqueOrThrow({ where: { id: 7777 } }),
    counted: () => person.count({ select: { _all: true, mood: true } }),
    summed: () => post.aggregate({ _sum: { words: true }, _avg: { words: true }, _min: { made: true }, _max: { title: true } }),
    grouped: () => person.groupBy({ by: ["mood"], _count: true, having: { id: { _max: { gt: 3 } } }, orderBy: { mood: "asc" } }),
    priced: () => order.findMany({ where: { price: { gt: new Prisma.Decimal("0.4999") }, size: "large" } }),
    thousands: () => person.count({ where: { id: { in: Array.from({ length: 30_000 }, (_, n) => n) } } }),
    "compared with a column": () => post.findMany({ where: { id: { lt: post.fields.authorId } } }),
  };
  for (const [title, work] of Object.entries(found)) await tried(title, work);
}

const EVERYTHING = {
  bool: true, small: -32768, int: 2147483647, big: -9223372036854775808n, oid: 42, double: 0.1, real: 1.5,
  decimal: new Prisma.Decimal("-12345678901234567890.0123456789"), varchar: "grüße 🐍", char: "ab", bit: "1010", varbit: "101",
  uuid: "12345678-1234-5678-1234-567812345678", inet: "10.1.2.3/8", xml: "<a>1</a>", json: { a: [1, null, "x"], b: { c: 1e300 } },
  jsonb: [{ n: 1 }, "ü", null], bytes: Buffer.from([0, 255, 16, 92]), timestamp: new Date("2024-02-29T12:30:01.123Z"),
  timestamptz: new Date("1969-12-31T23:59:59.999Z"), date: new Date("0044-03-15"), time: new Date("1970-01-01T23:59:59.5Z"),
  timetz: new Date("1970-01-01T12:00:00Z"), bools: [true, false], ints: [1, -2], bigs: [1n, 9007199254740993n], doubles: [0.5, -1e10],
  decimals: ["0.1", "-1e20"], texts: ["a,b", '"', "", "NULL", "{}", "\\"], uuids: ["00000000-0000-0000-0000-000000000000"],
  jsons: [{ a: 1 }, "x", 3], many: [Buffer.from("one"), Buffer.from([])], times: [new Date(0), new Date("2030-01-01T00:00:00.001Z")],
};

async function types() {
  const { typed } = client;
  // what is made up is only there
  const given = { made: "m", short: "s", given: "99999999-0000-4000-8000-000000000000" };
  await tried("everything", () => typed.create({ data: { id: 1, ...EVERYTHING, ...given } }));
  await tried("nothing", () => typed.create({ data: { id: 2, ...given } }));
  await tried("made up", async () => {
    const { made, short, given } = await typed.create({ data: { id: 3 } });
    await typed.delete({ where: { id: 3 } });
    return [made, short, given].map((word) => word.length);
  });
  for (const field of Object.keys(EVERYTHING).filter((name) => !["json", "xml", "jsons", "many"].includes(name))) {
    await tried(`by ${field}`, () => typed.findMany({ where: { [field]: { equals: EVERYTHING[field] } }, select: { id: true, [field]: true } }));
  }
  await tried("by path", () => typed.findMany({ where: { jsonb: { path: ["0", "n"], equals: 1 } }, select: { id: true } }));
  await tried("by part", () => typed.findMany({ where: { jsonb: { array_contains: ["ü"] } }, select: { id: true } }));
  await tried("by one of a list", () => typed.findMany({ where: { texts: { has: "a,b" }, ints: { isEmpty: false } }, select: { id: true } }));
  await tried("JSON's null", () => typed.update({ where: { id: 2 }, data: { jsonb: Prisma.JsonNull, json: Prisma.DbNull }, select: { jsonb: true, json: true } }));
  await tried("in lists", () => typed.update({ where: { id: 1 }, data: { ints: { push: [3, 4] }, texts: { set: [] }, double: { multiply: 3 }, decimal: { divide: 7 } }, select: { ints: true, texts: true, double: true, decimal: true } }));
  await tried("of 5 MB", async () => {
    const { bytes } = await typed.update({ where: { id: 2 }, data: { bytes: Buffer.alloc(5_000_000, "postern") }, select: { bytes: true } });
    return [bytes.length, Buffer.from(bytes).subarray(-9)];
  });
}

async function transactions() {
  const { person } = client;
  const count = () => person.count();
  await tried("several at once", () =>
    client.$transaction([person.count(), person.update({ where: { id: 1 }, data: { mood: "great" } }), client.$queryRaw`SELECT 1 AS one`], {
      isolationLevel: Prisma.TransactionIsolationLevel.Serializable,
    }),
  );
  await tried("one of several fails", () => client.$transaction([person.delete({ where: { id: 5 } }), person.delete({ where: { id: 7777 } })]));
  show("and nothing was done", await count());
  await tried("given up", () =>
    client.$transaction(async (inside) => {
      for (const table of ["comment", "order", "post", "passport", "person"]) await inside[table].deleteMany();
      throw new Error(`given up with ${await inside.person.count()}`);
    }),
  );
  show("and they are still there", await count());
  await tried("an error inside", () =>
    client.$transaction(async (inside) => {
      await inside.person.update({ where: { id: 2 }, data: { name: "bob" } });
      await inside.$executeRaw`SELECT 1 / 0`.catch((error) => show("inside", told(error)));
      return inside.person.count();
    }),
  );
  await tried("too long", () => client.$transaction(async (inside) => inside.$queryRaw`SELECT pg_sleep(1)::text`, { timeout: 300 }));
  const serializable = { isolationLevel: "Serializable" };
  await tried("in conflict", () =>
    client.$transaction(async (one) => {
      await one.person.aggregate({ _sum: { bossId: true } });
      await client.$transaction(async (other) => {
        await other.person.aggregate({ _sum: { bossId: true } });
        await other.person.update({ where: { id: 3 }, data: { bossId: 2 } });
      }, serializable);
      await one.person.update({ where: { id: 4 }, data: { bossId: 2 } });
    }, serializable),
  );
  await tried("waited for", async () => {
    const done = [];
    let second;
    await client.$transaction(async (first) => {
      await first.$executeRaw`SELECT 1 FROM "Person" WHERE id = 1 FOR UPDATE`;
      second = person.update({ where: { id: 1 }, data: { name: "anna" } }).then(() => done.push("the second"));
      while ((await client.$queryRaw`SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)[0].count === 0n);
      done.push("the first");
    });
    await second;
    return done;
  });
  await Promise.all(Array.from({ length: 20 }, (_, n) => person.update({ where: { id: 5 }, data: { name: `eve ${n % 1}`, bossId: { set: 1 } } })));
  show("many at once", await person.findUnique({ where: { id: 5 } }));
}

async function raw() {
  const { sql, join, empty, raw: text } = Prisma;
  const asked = {
    values: () => client.$queryRaw`SELECT ${1}::int AS i, ${2n}::bigint AS b, ${"x"}::text AS t, ${null}::text AS nothing, ${true}::bool AS yes, ${new Date(0)}::timestamptz AS d`,
    more: () => client.$queryRaw`SELECT ${[1, 2]}::int[] AS list, ${{ a: 1 }}::jsonb AS j, ${Buffer.from("b")}::bytea AS bytes, ${new Prisma.Decimal("1.10")}::numeric AS n`,
    composed: () => client.$queryRaw(sql`SELECT id, name FROM "Person" WHERE id IN (${join([1, 2, 3])}) ${empty} ORDER BY ${text("id DESC")}`),
    unsafely: () => client.$queryRawUnsafe('SELECT id FROM "Person" WHERE name LIKE $1 ORDER BY id', "%e%"),
    catalogs: () => client.$queryRaw`SELECT table_schema::text, table_name::text FROM information_schema.tables WHERE table_schema IN ('public', 'shop') ORDER BY 1, 2`,
    types: () => client.$queryRaw`SELECT 1::int2, 1.5::float4, 'NaN'::float8, 1::oid, '1 day'::interval::text, 'a'::bpchar, now() > '2020-01-01' AS later, '{1,NULL}'::int[], '12:00'::time, '2020-01-01'::date`,
    changed: () => client.$executeRaw`UPDATE "Person" SET name = ${"drafted"} WHERE id < ${4}`,
    nothing: () => client.$executeRaw`DELETE FROM "Person" WHERE false`,
    "a table and its end": async () => [await client.$executeRawUnsafe("CREATE TEMP TABLE passing (x int)"), await client.$executeRawUnsafe("DROP TABLE passing")],
    "a type that is not known": () => client.$queryRaw`SELECT point '(1,2)'`,
    "no column": () => client.$queryRaw`SELECT nothing`,
    "no table": () => client.$queryRaw`SELECT * FROM nowhere`,
    "no sense": () => client.$queryRawUnsafe("SELEC 1"),
    two: () => client.$queryRawUnsafe("SELECT 1; SELECT 2"),
    "no number": () => client.$queryRaw`SELECT ${"x"}::int`,
    divided: () => client.$queryRaw`SELECT 1 / 0`,
  };
  for (const [title, work] of Object.entries(asked)) await tried(`raw ${title}`, work);
}

async function failures() {
  const { person, post, typed, comment } = client;
  const failing = {
    "there already": () => person.create({ data: { email: "ann@example.com" } }),
    "there already, both": () => post.create({ data: { title: "one", authorId: 101 } }),
    "no such author": () => post.create({ data: { title: "x", authorId: 7777 } }),
    "nobody to change": () => person.update({ where: { id: 7777 }, data: { name: "x" } }),
    "nobody to connect": () => post.create({ data: { title: "x", author: { connect: { id: 7777 } } } }),
    "too long": () => person.create({ data: { email: "x".repeat(61) } }),
    "too large": () => typed.update({ where: { id: 1 }, data: { small: 40_000 } }),
    "no UUID": () => typed.update({ where: { id: 1 }, data: { uuid: "none" } }),
    "no XML": () => typed.update({ where: { id: 1 }, data: { xml: "<a>" } }),
    "a zero byte": () => person.update({ where: { id: 1 }, data: { name: "a\0b" } }),
    "still needed": () => person.delete({ where: { id: 1 } }),
    "not valid": () => person.create({ data: { name: "x" } }),
  };
  for (const [title, work] of Object.entries(failing)) await tried(title, work);
  await tried("gone with him", async () => {
    await comment.deleteMany();
    await client.order.deleteMany({ where: { buyerId: 101 } });
    await person.delete({ where: { id: 101 } });
    return [await post.count(), await client.passport.count(), await client.tag.count(), await person.count({ where: { bossId: 101 } })];
  });
}

try {
  if (process.argv[2] === "seed") await seed();
  else {
    for (const part of [nested, queries, types, transactions, raw, failures]) await part();
    console.log("the end");
  }
} finally {
  await client.$disconnect();
}
