import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Properties;

/** What Java programs ask of a database's structure, and how they read it. */
public class JdbcMetadata {
    interface Asked {
        ResultSet of(DatabaseMetaData meta) throws SQLException;
    }

    static DatabaseMetaData meta;

    static void show(String name, Asked asked) throws SQLException {
        System.out.println(name);
        try (ResultSet rows = asked.of(meta)) {
            int columns = rows.getMetaData().getColumnCount();
            while (rows.next()) {
                StringBuilder line = new StringBuilder(" ");
                for (int column = 1; column <= columns; column++) {
                    line.append(' ').append(rows.getString(column));
                }
                System.out.println(line);
            }
        }
    }

    public static void main(String[] arguments) throws SQLException {
        Properties properties = new Properties();
        properties.put("user", System.getenv("PGUSER"));
        properties.put("password", System.getenv("PGPASSWORD"));
        properties.put("sslmode", System.getenv("PGSSLMODE"));
        properties.put("sslrootcert", System.getenv("PGSSLROOTCERT"));
        String url = "jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
        try (Connection connection = DriverManager.getConnection(url, properties)) {
            meta = connection.getMetaData();
            System.out.println(meta.getDatabaseProductName() + " " + meta.getDatabaseMajorVersion());
            System.out.println(meta.getSQLKeywords().length() + " " + meta.getMaxTableNameLength());
            show("schemas", m -> m.getSchemas());
            show("table types", m -> m.getTableTypes());
            show("tables", m -> m.getTables(null, "public", "%", null));
            show("columns", m -> m.getColumns(null, "public", "%", "%"));
            show("primary keys", m -> m.getPrimaryKeys(null, "public", "orders"));
            show("imported keys", m -> m.getImportedKeys(null, "public", "orders"));
            show("exported keys", m -> m.getExportedKeys(null, "public", "customers"));
            show("indexes", m -> m.getIndexInfo(null, "public", "orders", false, true));
            show("row identifier", m -> m.getBestRowIdentifier(null, "public", "orders", 1, true));
            show("version columns", m -> m.getVersionColumns(null, "public", "orders"));
            show("functions", m -> m.getFunctions(null, "public", "%"));
            show("function columns", m -> m.getFunctionColumns(null, "public", "%", "%"));
            show("procedures", m -> m.getProcedures(null, "public", "%"));
            show("user types", m -> m.getUDTs(null, "public", "%", null));
            show("types", m -> m.getTypeInfo());
            show("table privileges", m -> m.getTablePrivileges(null, "public", "%"));
            show("column privileges", m -> m.getColumnPrivileges(null, "public", "orders", "%"));
            // often enough that the driver prepares it at the server
            try (PreparedStatement statement = connection.prepareStatement("SELECT id, state, valid FROM orders WHERE customer = ?")) {
                for (int round = 0; round < 8; round++) {
                    statement.setInt(1, 1 + round % 2);
                    try (ResultSet rows = statement.executeQuery()) {
                        while (rows.next()) {
                            System.out.println(rows.getLong(1) + " " + rows.getString(2) + " " + rows.getObject(3));
                        }
                    }
                }
            }
        }
        System.out.println("the end");
    }
}
