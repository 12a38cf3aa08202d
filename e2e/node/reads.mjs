// Reads the answers to the questions on its input with `pg`, in both formats.

import { readFileSync } from "node:fs";
import pg from "pg";

const client = new pg.Client({ ssl: { ca: readFileSync(process.env.PGSSLROOTCERT) } });
await client.connect();
const questions = readFileSync(0, "utf8").split("\n").filter((line) => line);
for (const text of questions) {
  for (const binary of [false, true]) {
    let said;
    try {
      const { rows } = await client.query({ text, binary, rowMode: "array" });
      said = JSON.stringify(rows, (_key, value) => (typeof value === "bigint" ? `${value}` : value));
    } catch (error) {
      said = `${error.name}: ${error.message}`;
    }
    console.log([binary ? "binary" : "text", text, said].join("\t"));
  }
}
await client.end();
console.log("the end");
