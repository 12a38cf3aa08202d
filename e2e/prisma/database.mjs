// Where Prisma goes: to the server that libpq's environment names, by `pg`.
//
// Prisma's own engines are no npm packages. Those within its packages, in WebAssembly, speak to a server through an adapter,
// which has no word for two types of the server's catalogs, `name` and `"char"`: `readable` gives it one.

import { readFileSync } from "node:fs";
import { PrismaPg } from "@prisma/adapter-pg";
import { ColumnTypeEnum } from "@prisma/driver-adapter-utils";

// numbers of types, as pg_type has them
const CHAR = 18, NAME = 19, TEXT = 25, CHARS = 1002;
const KNOWN = new Map([[NAME, TEXT], [CHAR, CHARS]]);

const SHADOW = "shadow";

export function adapter(database = process.env.PGDATABASE) {
  const ssl = { ca: readFileSync(process.env.PGSSLROOTCERT) };
  const factory = new PrismaPg({ database, ssl, allowExitOnIdle: true });
  const { connect } = factory;
  factory.connect = async () => readable(await connect.call(factory));
  // where migrations are tried; its name is to be known beforehand, and so Prisma's own choice will not do
  factory.connectToShadowDb = async () => {
    const connection = await factory.connect();
    await connection.executeScript(`DROP DATABASE IF EXISTS ${SHADOW} WITH (FORCE); CREATE DATABASE ${SHADOW}`);
    await connection.dispose();
    return adapter(SHADOW).connect();
  };
  return factory;
}

function readable(connection) {
  const { performIO, queryRaw } = connection;
  connection.performIO = async (query) => {
    const result = await performIO.call(connection, query);
    // a script of several statements has several results, none of which is looked at
    for (const field of result.fields ?? []) field.dataTypeID = KNOWN.get(field.dataTypeID) ?? field.dataTypeID;
    return result;
  };
  connection.queryRaw = async (query) => {
    const result = await queryRaw.call(connection, query);
    const one = (type) => (type === ColumnTypeEnum.CharacterArray ? ColumnTypeEnum.Character : type);
    return { ...result, columnTypes: result.columnTypes.map(one) };
  };
  return connection;
}
