import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.SQLXML;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.Arrays;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.UUID;
import javax.sql.XAConnection;
import javax.transaction.xa.XAException;
import javax.transaction.xa.XAResource;
import javax.transaction.xa.Xid;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.copy.CopyIn;
import org.postgresql.copy.CopyManager;
import org.postgresql.largeobject.LargeObject;
import org.postgresql.largeobject.LargeObjectManager;
import org.postgresql.util.PGobject;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;
import org.postgresql.xa.PGXADataSource;

/**
 * A day of programs that use JDBC. It prints what they see, and goes where libpq's environment says; its argument is the size
 * in megabytes of the largest value. With none it is a short day.
 *
 * It is run straight to PostgreSQL and through Postern; both must print the same.
 */
public class JdbcSession {
    static final String[][] VALUES = {
        {"bool", "t"}, {"int2", "-32768"}, {"int4", "2147483647"}, {"int8", "-9223372036854775808"}, {"oid", "4294967295"},
        {"float4", "1.5"}, {"float8", "0.1"}, {"float8", "-Infinity"}, {"numeric", "-12345678901234567890.0123456789"}, {"numeric", "NaN"},
        {"money", "12.34"}, {"text", "grüße \uD83D\uDC0D\n\t\\"}, {"varchar(3)", "abc"}, {"char(5)", "ab"}, {"name", "a name"},
        {"bytea", "\\x00ff10"}, {"date", "1999-12-31"}, {"date", "infinity"}, {"time", "23:59:59.5"}, {"timetz", "12:00:00+03"},
        {"timestamp", "2024-02-29 12:30:01.00025"}, {"timestamptz", "2024-02-29 12:30:00+05:30"}, {"interval", "1 year 2 mons 3 days 04:05:06.789"},
        {"uuid", "12345678-1234-5678-1234-567812345678"}, {"json", "{\"a\": [1, null]}"}, {"jsonb", "{\"b\": {\"c\": \"x\"}}"}, {"xml", "<a>1</a>"},
        {"inet", "10.1.2.3/8"}, {"macaddr", "08:00:2b:01:02:03"}, {"bit(4)", "1010"}, {"varbit", "101"}, {"point", "(1.5,-2)"},
        {"box", "(2,2),(0,0)"}, {"circle", "<(0,0),1>"}, {"polygon", "((0,0),(1,1),(2,0))"}, {"tsvector", "'a':1 'b':2"}, {"int4range", "[1,5)"},
        {"nummultirange", "{[1,2),[3,4)}"}, {"int4[]", "{1,NULL,3}"}, {"text[]", "{\"a,b\",\"\\\"\",NULL,\"\"}"}, {"int4[][]", "{{1,2},{3,4}}"},
        {"float8[]", "{0.5,NaN}"}, {"uuid[]", "{12345678-1234-5678-1234-567812345678}"}, {"mood", "fine"}, {"mood[]", "{fine,low}"}, {"pair", "(1,\"a b\")"},
        {"pair[]", "{\"(1,x)\",NULL}"}, {"positive", "7"}, {"hstore", "\"a\"=>\"1\", \"b\"=>NULL"}, {"regclass", "pg_class"},
    };

    static final String[] FAILING = {
        "SELEC 1", "SELECT nothing", "SELECT * FROM nowhere", "SELECT 1/0", "SELECT 'x'::int", "SELECT nofunction(1)",
        "INSERT INTO items VALUES (1, 'again', 1)", "INSERT INTO items VALUES (NULL, 'none', 1)", "INSERT INTO items VALUES (50, 'much', -1)",
        "INSERT INTO parts VALUES (1, 99)", "DELETE FROM items WHERE id = 1", "INSERT INTO items (id, word) VALUES (51, repeat('x', 30))",
        "SELECT '-1'::positive", "CREATE TABLE items ()", "SELECT raised('23514')", "SELECT raised('22012')", "SET statement_timeout = 'soon'",
        "SELECT 1; SELECT nothing; SELECT 2", "EXECUTE nowhere", "LOCK TABLE items", "SELECT ?::int", "SELECT {fn nothing(1)}",
    };

    static final String PREPARE =
        "DROP SCHEMA IF EXISTS day CASCADE; CREATE SCHEMA day; CREATE EXTENSION IF NOT EXISTS hstore; SET search_path = day, public;"
        + "CREATE TYPE mood AS ENUM ('low', 'fine'); CREATE TYPE pair AS (n int, word text); CREATE DOMAIN positive AS int CHECK (VALUE > 0);"
        + "CREATE TABLE items (id int PRIMARY KEY, word varchar(20) NOT NULL DEFAULT 'none', n int CONSTRAINT enough CHECK (n > 0));"
        + "CREATE TABLE parts (id serial PRIMARY KEY, item int REFERENCES items DEFERRABLE, made timestamptz DEFAULT '2020-01-01Z');"
        + "CREATE VIEW few AS SELECT * FROM items WHERE id < 5; CREATE INDEX by_word ON items (lower(word), n DESC);"
        + "INSERT INTO items SELECT i, 'item ' || i, i FROM generate_series(1, 20) i; INSERT INTO parts VALUES (0, 1);"
        + "CREATE FUNCTION raised(code text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'raised %', code USING errcode = code,"
        + " detail = 'the detail', hint = 'the hint', schema = 's', table = 't', column = 'c', datatype = 'd', constraint = 'k'; END $$;"
        + "CREATE FUNCTION added(a int, INOUT b int, OUT c text) LANGUAGE sql AS $$ SELECT a + b, 'sum' $$;"
        + "CREATE FUNCTION opened() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'opened'; BEGIN OPEN c FOR SELECT id FROM items ORDER BY id; RETURN c; END $$;"
        + "CREATE PROCEDURE noted(INOUT n int) LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'noted %', n; n := n * 2; END $$;"
        + "ANALYZE items; ANALYZE parts";

    interface Work {
        Object done() throws Exception;
    }

    interface Chapter {
        void on(Connection connection) throws Exception;
    }

    static void show(String title, Object value) {
        System.out.println(title + ": " + text(value).replaceAll("large object \\d+", "large object N"));
    }

    static String text(Object value) {
        if (value instanceof byte[]) {
            return "0x" + new java.math.BigInteger(1, (byte[]) value).toString(16);
        } else if (value instanceof Object[]) {
            StringBuilder all = new StringBuilder("[");
            for (Object one : (Object[]) value) {
                all.append(text(one)).append(' ');
            }
            return all.append(']').toString();
        } else if (value instanceof int[]) {
            return Arrays.toString((int[]) value);
        } else if (value instanceof long[]) {
            return Arrays.toString((long[]) value);
        } else if (value instanceof Map) {
            return new TreeMap<Object, Object>((Map<?, ?>) value).toString();
        }
        return String.valueOf(value);
    }

    static void attempt(String title, Work work) {
        try {
            show(title, work.done());
        } catch (Exception failure) {
            show(title, told(failure));
        }
    }

    static String told(Exception failure) {
        StringBuilder all = new StringBuilder(failure.getClass().getSimpleName());
        if (failure instanceof BatchUpdateException) {
            all.append(' ').append(Arrays.toString(((BatchUpdateException) failure).getUpdateCounts()));
        }
        if (failure instanceof XAException) {
            all.append(' ').append(((XAException) failure).errorCode);
        }
        Throwable cause = failure instanceof PSQLException ? failure : failure.getCause();
        ServerErrorMessage said = cause instanceof PSQLException ? ((PSQLException) cause).getServerErrorMessage() : null;
        if (said == null) {
            return all.append(' ').append(failure.getMessage()).toString();
        }
        Object[] parts = {
            said.getSeverity(), said.getSQLState(), said.getMessage(), said.getDetail(), said.getHint(), said.getPosition(), said.getWhere(),
            said.getSchema(), said.getTable(), said.getColumn(), said.getDatatype(), said.getConstraint(), said.getFile(), said.getLine(),
            said.getRoutine(), said.getInternalQuery(), said.getInternalPosition(),
        };
        return all.append(' ').append(text(parts)).toString();
    }

    static String rows(ResultSet rows) throws SQLException {
        StringBuilder all = new StringBuilder();
        int columns = rows.getMetaData().getColumnCount();
        while (rows.next()) {
            for (int column = 1; column <= columns; column++) {
                all.append(text(rows.getObject(column))).append(column < columns ? ", " : "; ");
            }
        }
        rows.close();
        return all.toString();
    }

    static String asked(Connection connection, String sql, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            return statement.execute() ? rows(statement.getResultSet()) : "changed " + statement.getUpdateCount();
        }
    }

    static String url() {
        return "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
    }

    static Properties properties(String... more) {
        Properties properties = new Properties();
        properties.put("user", System.getenv("PGUSER"));
        properties.put("password", System.getenv("PGPASSWORD"));
        properties.put("sslmode", System.getenv("PGSSLMODE"));
        properties.put("sslrootcert", System.getenv("PGSSLROOTCERT"));
        properties.put("currentSchema", "day,public");
        for (int i = 0; i < more.length; i += 2) {
            properties.put(more[i], more[i + 1]);
        }
        return properties;
    }

    static Connection connected(String... more) throws SQLException {
        return DriverManager.getConnection(url(), properties(more));
    }

    static void values(Connection connection) throws SQLException {
        for (String[] value : VALUES) {
            try (PreparedStatement statement = connection.prepareStatement("SELECT ?::" + value[0] + " AS value, NULL::" + value[0] + " AS none")) {
                // often enough that the driver changes to what it prepared, and to binary values
                for (int round = 0; round < 3; round++) {
                    statement.setObject(1, value[1], Types.OTHER);
                    String title = value[0] + " " + round;
                    attempt(title, () -> {
                        try (ResultSet rows = statement.executeQuery()) {
                            rows.next();
                            ResultSetMetaData of = rows.getMetaData();
                            Object read = rows.getObject(1);
                            if (read instanceof Array) {
                                read = ((Array) read).getArray();
                            } else if (read instanceof SQLXML) {
                                read = ((SQLXML) read).getString();
                            }
                            return new Object[] {read, rows.getString(1).replaceAll("^\\[B@.*", "bytes"), rows.getObject(2), of.getColumnTypeName(1), of.getColumnClassName(1),
                                of.getPrecision(1), of.getScale(1), of.isNullable(1), of.isSigned(1)};
                        }
                    });
                }
            }
        }
        Object[] given = {1, 2L, 1.5, new BigDecimal("1.10"), true, "word", new byte[] {0, -1}, UUID.fromString("12345678-1234-5678-1234-567812345678"),
            Timestamp.valueOf("2024-02-29 12:00:00.5"), LocalDate.of(2000, 1, 2), LocalDateTime.of(2000, 1, 2, 3, 4, 5, 6000),
            OffsetDateTime.parse("2000-01-02T03:04:05+06:00"), connection.createArrayOf("int4", new Integer[] {1, null}), Map.of("k", "v")};
        for (Object value : given) {
            for (int round = 0; round < 2; round++) {
                attempt("given " + value.getClass().getSimpleName(), () -> asked(connection, "SELECT ? AS value, pg_typeof(?)::text", value, value));
            }
        }
        PGobject mood = new PGobject();
        mood.setType("mood");
        mood.setValue("fine");
        attempt("an enum", () -> asked(connection, "SELECT ? < 'fine'::mood, ?", mood, mood));
        attempt("origin", () -> {
            try (ResultSet rows = connection.createStatement().executeQuery("SELECT i.id, p.id AS part, n + 1 AS next FROM items i JOIN parts p ON item = i.id")) {
                ResultSetMetaData of = rows.getMetaData();
                return of.getTableName(1) + of.isAutoIncrement(1) + of.isNullable(1) + of.getSchemaName(2) + of.isAutoIncrement(2) + of.getTableName(3) + of.getColumnLabel(3);
            }
        });
        attempt("parameters", () -> {
            try (PreparedStatement statement = connection.prepareStatement("UPDATE items SET word = ? WHERE id = ? AND n > ?")) {
                return statement.getParameterMetaData().getParameterTypeName(1) + statement.getParameterMetaData().getParameterTypeName(3);
            }
        });
    }

    static void errors(Connection connection) throws SQLException {
        for (String sql : FAILING) {
            attempt(sql, () -> connection.createStatement().execute(sql));
            attempt("prepared " + sql, () -> asked(connection, sql));
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("DO $$ BEGIN RAISE NOTICE 'one' USING detail = 'd'; RAISE WARNING 'two' USING hint = 'h', errcode = '01234'; END $$; DROP TABLE IF EXISTS nowhere");
            for (SQLWarning warning = statement.getWarnings(); warning != null; warning = warning.getNextWarning()) {
                show("warning", warning.getSQLState() + " " + warning.getMessage());
            }
            boolean more = statement.execute("SELECT 1; INSERT INTO items VALUES (70, 'x', 1), (71, 'y', 2); SELECT 2 AS b UNION ALL SELECT 3; DELETE FROM items WHERE id >= 70");
            while (more || statement.getUpdateCount() != -1) {
                show("several", more ? rows(statement.getResultSet()) : statement.getUpdateCount());
                more = statement.getMoreResults();
            }
        }
    }

    static void batches(Connection connection) throws SQLException {
        connection.createStatement().execute("DROP TABLE IF EXISTS batched; CREATE TABLE batched (id int PRIMARY KEY, word text, key serial)");
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO batched (id, word) VALUES (?, ?)")) {
            for (int i = 0; i < 300; i++) {
                statement.setInt(1, i);
                statement.setString(2, i % 7 == 0 ? null : "word " + i);
                statement.addBatch();
            }
            show("batch", statement.executeBatch());
            for (int i : new int[] {1000, 1001, 1, 1002}) {
                statement.setInt(1, i);
                statement.setString(2, "again");
                statement.addBatch();
            }
            attempt("batch that fails", statement::executeBatch);
        }
        show("left", asked(connection, "SELECT count(*), count(word), max(id), md5(string_agg(word, ',' ORDER BY id)) FROM batched"));
        try (PreparedStatement statement = connection.prepareStatement("INSERT INTO batched (id) VALUES (?)", new String[] {"key"})) {
            for (int i = 2000; i < 2003; i++) {
                statement.setInt(1, i);
                statement.addBatch();
            }
            show("batch with keys", statement.executeBatch());
            show("keys", rows(statement.getGeneratedKeys()));
        }
        try (Statement statement = connection.createStatement()) {
            for (String sql : new String[] {"UPDATE batched SET word = 'x' WHERE id < 5", "DELETE FROM batched WHERE id = 7", "CREATE TEMP TABLE IF NOT EXISTS made (n int)"}) {
                statement.addBatch(sql);
            }
            show("mixed", statement.executeLargeBatch());
        }
    }

    static void cursors(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (PreparedStatement statement = connection.prepareStatement("SELECT n, repeat('x', n) FROM generate_series(1, ?) n")) {
            statement.setFetchSize(7);
            for (int round = 0; round < 2; round++) {
                statement.setInt(1, 50);
                show("fetched by seven", rows(statement.executeQuery()).length());
            }
            statement.setMaxRows(10);
            show("at most ten", rows(statement.executeQuery()));
        }
        try (Statement statement = connection.createStatement()) {
            statement.setFetchSize(2);
            attempt("fails underway", () -> rows(statement.executeQuery("SELECT 10 / (5 - n) FROM generate_series(1, 9) n")));
            connection.rollback();
            ResultSet open = statement.executeQuery("SELECT n FROM generate_series(1, 9) n");
            open.next();
            connection.commit();
            attempt("after commit", () -> rows(open));
            connection.rollback();
        }
        attempt("a cursor of a function", () -> {
            try (CallableStatement call = connection.prepareCall("{? = call opened()}")) {
                call.registerOutParameter(1, Types.REF_CURSOR);
                call.execute();
                return rows((ResultSet) call.getObject(1));
            }
        });
        connection.commit();
        connection.setAutoCommit(true);
        try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
            ResultSet items = statement.executeQuery("SELECT * FROM items WHERE id < 4 ORDER BY id");
            items.last();
            items.updateString("word", "updated");
            items.updateRow();
            items.moveToInsertRow();
            items.updateInt("id", 80);
            items.updateString("word", "inserted");
            items.insertRow();
            items.absolute(2);
            items.refreshRow();
            show("updatable", items.getString("word") + items.getRow());
        }
        show("updated", asked(connection, "DELETE FROM items WHERE id = 80 RETURNING *") + asked(connection, "SELECT * FROM items WHERE id = 3"));
    }

    static void calls(Connection connection) throws SQLException {
        String[] escapes = {"SELECT {fn concat('a', 'b')}", "SELECT {fn now()} IS NULL", "SELECT {d '2020-01-02'}, {ts '2020-01-02 03:04:05'}, {t '03:04:05'}",
            "SELECT word FROM items WHERE word LIKE '%!_%' {escape '!'}", "SELECT i.id FROM {oj items i LEFT OUTER JOIN parts p ON p.item = i.id} WHERE i.id < 3 ORDER BY 1",
            "SELECT {fn timestampdiff(SQL_TSI_DAY, {d '2020-01-01'}, {d '2020-03-01'})}", "SELECT 'no ? parameter', \"a?\".x FROM (SELECT 1 AS x) \"a?\" /* ? */ -- ?",
            "SELECT '{\"a\":1}'::jsonb ?? 'a'", "SELECT $$ ? $$, E'\\'?'"};
        for (String sql : escapes) {
            attempt(sql, () -> asked(connection, sql));
        }
        attempt("out parameters", () -> {
            try (CallableStatement call = connection.prepareCall("{call added(?, ?, ?)}")) {
                call.setInt(1, 2);
                call.setInt(2, 3);
                call.registerOutParameter(2, Types.INTEGER);
                call.registerOutParameter(3, Types.VARCHAR);
                call.execute();
                return call.getInt(2) + call.getString(3);
            }
        });
        attempt("a procedure", () -> asked(connection, "CALL noted(?)", 21));
        attempt("returning", () -> {
            try (PreparedStatement statement = connection.prepareStatement("INSERT INTO parts (item) VALUES (1)", Statement.RETURN_GENERATED_KEYS)) {
                statement.executeUpdate();
                ResultSet keys = statement.getGeneratedKeys();
                keys.next();
                return keys.getString("made") + keys.getMetaData().getColumnCount();
            }
        });
    }

    static void copies(Connection connection) throws Exception {
        CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
        connection.createStatement().execute("DROP TABLE IF EXISTS copied; CREATE TABLE copied (id int PRIMARY KEY, word text)");
        show("in", copies.copyIn("COPY copied FROM STDIN (FORMAT csv, HEADER)", new StringReader("id,word\n1,one\n2,\"t,w\"\n3,\n")));
        show("in bytes", copies.copyIn("COPY copied FROM STDIN", new ByteArrayInputStream("4\tvier\n5\t\\N\n".getBytes(StandardCharsets.UTF_8)), 5));
        attempt("bad", () -> copies.copyIn("COPY copied FROM STDIN", new StringReader("6\tsix\nx\ty\n")));
        attempt("broken off", () -> {
            CopyIn copy = copies.copyIn("COPY copied FROM STDIN");
            copy.writeToCopy("7\tseven\n".getBytes(StandardCharsets.UTF_8), 0, 8);
            copy.cancelCopy();
            return copy.isActive();
        });
        StringWriter out = new StringWriter();
        show("out", copies.copyOut("COPY (SELECT * FROM copied ORDER BY id) TO STDOUT (FORMAT csv)", out) + " " + out);
        attempt("no copy", () -> copies.copyOut("SELECT 1", new StringWriter()));
        show("afterwards", asked(connection, "SELECT count(*) FROM copied"));
    }

    static void largeObjects(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        LargeObjectManager objects = connection.unwrap(PGConnection.class).getLargeObjectAPI();
        long number = objects.createLO(LargeObjectManager.READWRITE);
        try (LargeObject object = objects.open(number, LargeObjectManager.READWRITE)) {
            object.write("a large object".getBytes(StandardCharsets.UTF_8));
            object.seek64(2, LargeObject.SEEK_SET);
            show("read", object.read(5));
            show("at", object.tell64() + " of " + object.size64());
            object.truncate64(7);
            object.seek(0);
            show("cut", object.read(100));
        }
        connection.commit();
        attempt("gone", () -> {
            objects.delete(number);
            return objects.open(number, LargeObjectManager.READ).size();
        });
        connection.rollback();
        objects.delete(number);
        connection.commit();
        connection.setAutoCommit(true);
    }

    static void notifications(Connection connection) throws SQLException {
        PGConnection listening = connection.unwrap(PGConnection.class);
        connection.createStatement().execute("LISTEN news");
        try (Connection other = connected(); Statement statement = other.createStatement()) {
            statement.execute("NOTIFY news, 'first'; NOTIFY news, 'second'");
            int heard = 0;
            while (heard < 2) {
                PGNotification[] got = listening.getNotifications(1000);
                for (PGNotification one : got == null ? new PGNotification[0] : got) {
                    show("heard", one.getName() + one.getParameter() + (one.getPID() == other.unwrap(PGConnection.class).getBackendPID()));
                    heard++;
                }
            }
        }
        connection.createStatement().execute("NOTIFY news, 'own'; UNLISTEN news");
        show("own", listening.getNotifications().length);
        show("pid", asked(connection, "SELECT pg_backend_pid() = ?", listening.getBackendPID()));
    }

    static void transactions(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        Savepoint place = connection.setSavepoint("place");
        attempt("insert", () -> asked(connection, "INSERT INTO items VALUES (30, 'thirty', 1)"));
        attempt("again", () -> asked(connection, "INSERT INTO items VALUES (30, 'thirty', 1)"));
        attempt("after an error", () -> asked(connection, "SELECT count(*) FROM items WHERE id = 30"));
        connection.rollback(place);
        attempt("rolled back", () -> asked(connection, "SELECT count(*) FROM items WHERE id = 30"));
        attempt("deferred", () -> asked(connection, "SET CONSTRAINTS ALL DEFERRED"));
        attempt("breaks", () -> asked(connection, "INSERT INTO parts (item) VALUES (99)"));
        attempt("commit", () -> {
            connection.commit();
            return "committed";
        });
        connection.rollback();
        connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        connection.setReadOnly(true);
        attempt("read only", () -> asked(connection, "DELETE FROM items"));
        connection.rollback();
        attempt("level", () -> asked(connection, "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"));
        connection.rollback();
        connection.setReadOnly(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        connection.setAutoCommit(true);
        show("level", connection.getTransactionIsolation());
    }

    /** A plan that another one's change to the table has made stale, outside and inside a transaction. */
    static void healing(Connection connection) throws SQLException {
        try (Connection other = connected(); PreparedStatement statement = connection.prepareStatement("SELECT * FROM items WHERE id = ?")) {
            for (int round = 0; round < 4; round++) {
                statement.setInt(1, 1);
                attempt("round " + round, () -> rows(statement.executeQuery()));
                other.createStatement().execute(round % 2 == 0 ? "ALTER TABLE items ADD later int DEFAULT 5" : "ALTER TABLE items DROP later");
            }
            connection.setAutoCommit(false);
            attempt("begin", () -> asked(connection, "SELECT 1"));
            attempt("inside", () -> rows(statement.executeQuery()));
            connection.commit();
            other.createStatement().execute("ALTER TABLE items ADD later int DEFAULT 5");
            attempt("changed", () -> rows(statement.executeQuery()));
            attempt("still inside", () -> asked(connection, "SELECT 2"));
            connection.rollback();
            other.createStatement().execute("ALTER TABLE items DROP later");
            connection.setAutoCommit(true);
            attempt("outside", () -> rows(statement.executeQuery()));
            connection.createStatement().execute("DISCARD ALL");
            attempt("discarded", () -> rows(statement.executeQuery()));
            connection.createStatement().execute("DEALLOCATE ALL");
            attempt("deallocated", () -> rows(statement.executeQuery()));
        }
    }

    static void impatience(Connection connection) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(1);
            attempt("timeout", () -> statement.execute("SELECT pg_sleep(20)"));
            statement.setQueryTimeout(0);
            Thread other = new Thread(() -> attempt("cancel", () -> {
                Thread.sleep(500);
                statement.cancel();
                return "sent";
            }));
            other.start();
            attempt("cancelled", () -> {
                try {
                    return statement.execute("SELECT pg_sleep(20)");
                } finally {
                    other.join();
                }
            });
        }
        show("valid", connection.isValid(5));
        connection.createStatement().execute("SET statement_timeout = 100");
        attempt("statement_timeout", () -> asked(connection, "SELECT pg_sleep(5)"));
        connection.createStatement().execute("RESET statement_timeout");
        try (Connection doomed = connected(); Connection second = connected()) {
            asked(second, "SELECT pg_terminate_backend(?)", doomed.unwrap(PGConnection.class).getBackendPID());
            Thread.sleep(300);
            attempt("ended", () -> asked(doomed, "SELECT 1"));
            show("closed", doomed.isClosed());
        }
        connection.setClientInfo("ApplicationName", "a day");
        show("settings", new TreeMap<>(connection.unwrap(PGConnection.class).getParameterStatuses()));
        show("named", asked(connection, "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"));
    }

    static Xid xid(int number) {
        return new Xid() {
            public int getFormatId() {
                return 7;
            }

            public byte[] getGlobalTransactionId() {
                return new byte[] {1, (byte) number};
            }

            public byte[] getBranchQualifier() {
                return new byte[] {2};
            }
        };
    }

    static void twoPhases(Connection connection) throws Exception {
        PGXADataSource source = new PGXADataSource();
        source.setURL(url());
        for (String name : properties().stringPropertyNames()) {
            source.setProperty(name, properties().getProperty(name));
        }
        XAConnection distributed = source.getXAConnection();
        XAResource resource = distributed.getXAResource();
        Xid[] all = {xid(0), xid(1), xid(2)};
        try (Connection inside = distributed.getConnection()) {
            for (int number = 0; number < 3; number++) {
                Xid xid = all[number];
                resource.start(xid, XAResource.TMNOFLAGS);
                show("inside", asked(inside, "INSERT INTO items VALUES (?, 'x', 1)", 40 + number));
                resource.end(xid, XAResource.TMSUCCESS);
                if (number < 2) {
                    show("prepare", resource.prepare(xid));
                }
            }
        } catch (SQLException failure) {
            show("inside", told(failure));
        }
        attempt("one phase", () -> {
            resource.commit(all[2], true);
            return "committed";
        });
        Xid[] left = resource.recover(XAResource.TMSTARTRSCAN);
        show("left", left.length);
        resource.commit(all[0], false);
        resource.rollback(all[1]);
        attempt("unknown", () -> {
            resource.commit(xid(9), false);
            return "committed";
        });
        distributed.close();
        show("items", asked(connection, "DELETE FROM items WHERE id >= 40 RETURNING id"));
    }

    static void metadata(Connection connection) throws SQLException {
        DatabaseMetaData meta = connection.getMetaData();
        show("product", meta.getDatabaseProductName() + meta.getDatabaseMajorVersion() + meta.getMaxColumnNameLength() + meta.getDefaultTransactionIsolation());
        show("words", meta.getSQLKeywords() + meta.getStringFunctions());
        show("catalogs", rows(meta.getCatalogs()).isEmpty());
        show("tables", rows(meta.getTables(null, "day", "%", new String[] {"TABLE", "VIEW"})));
        show("columns", rows(meta.getColumns(null, "day", "%", "%")));
        show("keys", rows(meta.getPrimaryKeys(null, "day", "items")) + rows(meta.getImportedKeys(null, "day", "parts")) + rows(meta.getExportedKeys(null, "day", "items"))
            + rows(meta.getCrossReference(null, "day", "items", null, "day", "parts")));
        show("indexes", rows(meta.getIndexInfo(null, "day", "items", false, true)));
        show("functions", rows(meta.getFunctions(null, "day", "%")).replaceAll("_\\d+", "") + rows(meta.getFunctionColumns(null, "day", "added", "%")).replaceAll("_\\d+", ""));
        show("procedures", rows(meta.getProcedures(null, "day", "%")).replaceAll("_\\d+", "") + rows(meta.getProcedureColumns(null, "day", "%", "%")).replaceAll("_\\d+", ""));
        show("types", rows(meta.getUDTs(null, "day", "%", null)) + rows(meta.getTypeInfo()).length());
        show("best rows", rows(meta.getBestRowIdentifier(null, "day", "items", 1, true)) + rows(meta.getVersionColumns(null, "day", "items")));
        show("client info", rows(meta.getClientInfoProperties()));
    }

    static void large(Connection connection, int megabytes) throws SQLException {
        byte[] bytes = new byte[megabytes * 1024 * 1024];
        Arrays.fill(bytes, (byte) 7);
        try (PreparedStatement statement = connection.prepareStatement("SELECT length(?::bytea), md5(?::bytea), ?::bytea")) {
            for (int i = 1; i < 4; i++) {
                statement.setBinaryStream(i, new ByteArrayInputStream(bytes), bytes.length);
            }
            ResultSet rows = statement.executeQuery();
            rows.next();
            show("bytes", rows.getInt(1) + rows.getString(2) + Arrays.equals(bytes, rows.getBytes(3)));
        }
        String text = "päßt ".repeat(bytes.length / 8);
        show("text", asked(connection, "SELECT length(?), md5(?), ? = ?", text, text, text, text));
    }

    static void chapters(String title, Connection connection, Chapter... chapters) throws Exception {
        System.out.println("== " + title);
        try (connection) {
            for (Chapter chapter : chapters) {
                chapter.on(connection);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        java.util.TimeZone.setDefault(java.util.TimeZone.getTimeZone("Europe/Berlin"));
        int megabytes = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 0;
        try (Connection connection = connected()) {
            connection.createStatement().execute(PREPARE);
        }
        String[] modes = {"extended", "simple", "extendedForPrepared", "extendedCacheEverything"};
        for (String mode : megabytes == 0 ? Arrays.copyOf(modes, 1) : modes) {
            Connection connection = connected("preferQueryMode", mode, "prepareThreshold", "1");
            chapters(mode, connection, JdbcSession::values, JdbcSession::errors, JdbcSession::batches, JdbcSession::calls, JdbcSession::cursors,
                JdbcSession::transactions, JdbcSession::healing);
        }
        chapters("without binary", connected("binaryTransfer", "false", "prepareThreshold", "5", "stringtype", "unspecified"), JdbcSession::values);
        for (String autosave : new String[] {"always", "conservative"}) {
            chapters("autosave " + autosave, connected("autosave", autosave, "prepareThreshold", "1"), JdbcSession::transactions, JdbcSession::healing, JdbcSession::errors);
        }
        chapters("rewritten", connected("reWriteBatchedInserts", "true"), JdbcSession::batches);
        chapters("rows by five", connected("defaultRowFetchSize", "5", "assumeMinServerVersion", "9.0", "readOnly", "true", "targetServerType", "primary",
            "options", "-c work_mem=3MB -c datestyle=German"), c -> show("settings", asked(c, "SELECT current_setting('work_mem'), current_setting('DateStyle')")), JdbcSession::metadata);
        chapters("the rest", connected(), JdbcSession::copies, JdbcSession::largeObjects, JdbcSession::notifications, JdbcSession::impatience, JdbcSession::twoPhases,
            JdbcSession::metadata, c -> large(c, megabytes));
        try (Connection connection = connected()) {
            connection.createStatement().execute("DROP SCHEMA day CASCADE");
        }
        System.out.println("the end");
    }
}
