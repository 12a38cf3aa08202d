use std::net::TcpStream;
use std::panic::catch_unwind;

use super::*;

fn start(major: u32) -> Server {
    Server::start(&Installation::discover(Some(major)).unwrap(), &Options::default()).unwrap()
}

/// What an ordinary client hears over TCP.
fn query(server: &Server, user: &str, password: &str, sql: &str) -> Result<String, String> {
    let output = Command::new(server.installation().psql().unwrap())
        .args(["-XAtc", sql])
        .arg(format!("host=127.0.0.1 port={} user={user} dbname=postgres", server.port()))
        .env("PGPASSWORD", password)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// Processes that have `needle` in their command line.
fn processes_with(needle: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let commands = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    commands
        .map(|command| String::from_utf8_lossy(&command).replace('\0', " "))
        .filter(|command| command.contains(needle))
        .collect()
}

fn assert_gone(home: &Path, port: u16) {
    assert!(!home.exists(), "{} is still there", home.display());
    assert_eq!(processes_with(home.to_str().unwrap()), Vec::<String>::new());
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap_err();
}

fn serves(major: u32) {
    let server = start(major);
    server.create_login("app", "correct horse").unwrap();
    let version = query(&server, "app", "correct horse", "select version()").unwrap();
    assert!(version.starts_with(&format!("PostgreSQL {major}.")), "{version}");
    assert!(server.is_fresh());

    let refusal = query(&server, "app", "battery staple", "select 1").unwrap_err();
    assert!(refusal.contains("password authentication failed"), "{refusal}");
    let refusal = query(&server, SUPERUSER, "", "select 1").unwrap_err();
    assert!(refusal.contains("no password supplied"), "{refusal}");

    let (home, port) = (server.socket_folder().to_owned(), server.port());
    assert!(!processes_with(home.to_str().unwrap()).is_empty());
    server.stop();
    assert_gone(&home, port);
}

#[test]
fn serves_postgres_15() {
    serves(15);
}

#[test]
fn serves_postgres_18() {
    serves(18);
}

#[test]
fn starts_two_at_once() {
    let [one, two] = [15, 18].map(|major| thread::spawn(move || start(major))).map(|start| start.join().unwrap());
    assert_ne!(one.port(), two.port());
    for server in [one, two] {
        let port = server.run_sql("postgres", "show port").unwrap();
        assert_eq!(port, server.port().to_string());
    }
}

#[test]
fn a_busy_session_does_not_hold_up_the_stop() {
    let server = start(18);
    let sleeper = "select pg_sleep(600)";
    let mut client = Command::new(server.installation().psql().unwrap())
        .args(["-X", "-U", SUPERUSER, "-c", sleeper, "-p", &server.port().to_string(), "-h"])
        .arg(server.socket_folder())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let busy = format!("select count(*) from pg_stat_activity where query = '{sleeper}' and state = 'active'");
    while server.run_sql("postgres", &busy).unwrap() == "0" {}
    let began = Instant::now();
    server.stop();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(!client.wait().unwrap().success());
}

#[test]
fn a_panic_leaves_nothing_behind() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let outcome = catch_unwind(move || {
        let server = start(18);
        sender.send((server.socket_folder().to_owned(), server.port())).unwrap();
        panic!("on purpose");
    });
    outcome.unwrap_err();
    let (home, port) = receiver.recv().unwrap();
    assert_gone(&home, port);
}

#[test]
fn an_owner_who_is_killed_leaves_nothing_behind() {
    const REPORT: &str = "POSTERN_LOCALPG_TEST_REPORT";
    if let Some(report) = std::env::var_os(REPORT) {
        // the owner: this very test in a process of its own, which never comes to its destructors
        let server = start(18);
        let home = server.socket_folder().display();
        fs::write(report, format!("{home} {}", server.port())).unwrap();
        std::process::abort();
    }
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let owner = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "server::tests::an_owner_who_is_killed_leaves_nothing_behind"])
        .env(REPORT, &report)
        .output()
        .unwrap();
    assert!(!owner.status.success());
    let report = fs::read_to_string(report).unwrap();
    let (home, port) = report.split_once(' ').unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !processes_with(home).is_empty() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(20));
    }
    assert_gone(Path::new(home), port.parse().unwrap());
}

#[test]
fn kept_data_are_there_the_next_time() {
    let outer = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o711)).tempdir().unwrap();
    let options = Options { data: Data::Kept(outer.path().join("shop")), ..Options::default() };
    let installation = Installation::discover(Some(18)).unwrap();

    let first = Server::start(&installation, &options).unwrap();
    assert!(first.is_fresh());
    first.run_sql("postgres", "create table customers (id int); insert into customers values (42);").unwrap();
    assert_eq!(first.run_sql("postgres", "show fsync").unwrap(), "on");
    first.stop();

    let second = Server::start(&installation, &options).unwrap();
    assert!(!second.is_fresh());
    assert_eq!(second.run_sql("postgres", "select id from customers").unwrap(), "42");
}

#[test]
fn a_kept_folder_must_be_enterable() {
    let outer = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir().unwrap();
    let options = Options { data: Data::Kept(outer.path().join("shop")), ..Options::default() };
    let outcome = Server::start(&Installation::discover(None).unwrap(), &options);
    // only root runs the server as somebody else, to whom this folder is closed
    match outcome {
        Err(Error::Unreachable { folder, .. }) => {
            assert_eq!(folder, outer.path().canonicalize().unwrap())
        }
        Err(other) => panic!("{other}"),
        Ok(server) => {
            assert_eq!(Account::for_server().unwrap(), Account::Own);
            drop(server);
        }
    }
}

#[test]
fn says_why_it_did_not_start() {
    let installation = Installation::discover(Some(15)).unwrap();
    let options = Options { settings: vec![("shared_buffers".to_owned(), "plenty".to_owned())], ..Options::default() };
    let refusal = Server::start(&installation, &options).unwrap_err();
    assert!(refusal.to_string().contains("invalid value for parameter \"shared_buffers\": \"plenty\""), "{refusal}");
}

#[test]
fn a_taken_port_is_an_error_when_asked_for_by_number() {
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let options = Options { port: Some(holder.local_addr().unwrap().port()), ..Options::default() };
    let refusal = Server::start(&Installation::discover(Some(15)).unwrap(), &options).unwrap_err();
    assert!(refusal.to_string().contains("could not bind"), "{refusal}");
}

#[test]
fn scripts_and_logs() {
    let options = Options {
        settings: vec![("log_statement".to_owned(), "all".to_owned())],
        host_rules: vec!["host all intern 127.0.0.1/32 trust".to_owned()],
        ..Options::default()
    };
    let server = Server::start(&Installation::discover(Some(18)).unwrap(), &options).unwrap();

    assert_eq!(server.run_sql("postgres", "select 1, 'x'; select 2;").unwrap(), "1|x\n2");
    let refusal = server.run_sql("postgres", "select 1;\nselect nothing;\nselect 3;").unwrap_err();
    assert!(refusal.to_string().contains("column \"nothing\" does not exist"), "{refusal}");
    let log = fs::read_to_string(server.log_file()).unwrap();
    assert!(log.contains("statement: select nothing;"), "{log}");
    assert!(!log.contains("statement: select 3;"), "{log}");

    server.run_sql("postgres", "create role intern login").unwrap();
    assert_eq!(query(&server, "intern", "", "select current_user").unwrap(), "intern");
    let refusal = query(&server, SUPERUSER, "", "select 1").unwrap_err();
    assert!(refusal.contains("no pg_hba.conf entry"), "{refusal}");
}

#[test]
fn names_and_passwords_are_quoted() {
    let server = start(15);
    let (role, password) = (r#"o"neil'; drop role"#, r"it's \ 'quoted");
    server.create_login(role, password).unwrap();
    let names = server.run_sql("postgres", "select rolname from pg_roles where rolcanlogin order by 1").unwrap();
    assert_eq!(names, format!("{role}\n{SUPERUSER}"));

    server.create_login("plain", password).unwrap();
    assert_eq!(query(&server, "plain", password, "select 1").unwrap(), "1");
}

#[test]
fn a_private_key_is_not_printed() {
    let tls = Tls { certificate: "public".to_owned(), key: "-----SECRET-----".to_owned() };
    let options = Options { tls: Some(tls), ..Options::default() };
    assert!(!format!("{options:?}").contains("SECRET"));
}
