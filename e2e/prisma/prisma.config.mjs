import { defineConfig } from "prisma/config";
import { adapter } from "./database.mjs";

export default defineConfig({
  schema: "schema.prisma",
  experimental: { adapter: true },
  engine: "js",
  adapter: async () => adapter(),
  migrations: { path: "migrations", seed: "node session.mjs seed" },
});
