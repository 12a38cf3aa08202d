import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;

/** Reads the answers to the questions on its input with JDBC, in both formats, and what it is told of their columns. */
public class JdbcReads {
    public static void main(String[] arguments) throws Exception {
        String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        for (boolean binary : new boolean[] {false, true}) {
            try (Connection connection = connected(binary)) {
                for (String question : input.split("\n")) {
                    String said;
                    try {
                        said = read(connection, question);
                    } catch (SQLException | RuntimeException error) {
                        said = error.getClass().getSimpleName() + ": " + error.getMessage();
                    }
                    System.out.println(String.join("\t", binary ? "binary" : "text", question, said.replace("\n", " ")));
                }
            }
        }
        System.out.println("the end");
    }

    static Connection connected(boolean binary) throws SQLException {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("PGUSER"));
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        properties.setProperty("sslmode", "verify-full");
        properties.setProperty("sslrootcert", System.getenv("PGSSLROOTCERT"));
        properties.setProperty("binaryTransfer", Boolean.toString(binary));
        // with -1 it is prepared, and binary, from the first time on
        properties.setProperty("prepareThreshold", binary ? "-1" : "0");
        String place = System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE");
        return DriverManager.getConnection("jdbc:postgresql://" + place, properties);
    }

    static String read(Connection connection, String question) throws SQLException {
        List<String> said = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(question); ResultSet rows = statement.executeQuery()) {
            ResultSetMetaData columns = rows.getMetaData();
            for (int at = 1; at <= columns.getColumnCount(); at++) {
                said.add(columns.getTableName(at) + "." + columns.getColumnName(at) + ":" + columns.getColumnTypeName(at)
                    + "(" + columns.getPrecision(at) + "," + columns.getScale(at) + ")");
            }
            while (rows.next()) {
                for (int at = 1; at <= columns.getColumnCount(); at++) {
                    Object value = rows.getObject(at);
                    said.add(value == null ? "null" : value.toString());
                    rows.getString(at);
                }
            }
        }
        return said.toString();
    }
}
