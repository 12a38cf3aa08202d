//! `postern demo`: the whole product on one machine, nothing to configure.
//!
//! It starts a real PostgreSQL with a small shop, an OpenID issuer and the gateway between, all on loopback, then
//! shows what to paste, or takes the tour itself. Nothing here is used by the gateway. Enter at [`run`].

mod issuer;
mod psql;
mod scene;
mod shop;
mod show;
mod steps;
mod tour;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use postern_localpg::{Data, Installation, Options, Server, Tls};
use tokio::task::spawn_blocking;

use crate::cli;
use crate::config;
use crate::failure::Failure;
use crate::process;
use crate::serve::{Gateway, Stop};

use issuer::Issuer;
use scene::{Ports, Scene};
use show::Show;
use steps::Steps;
use tour::Tour;

/// Runs the demo until somebody stops it, or its tour.
pub(crate) async fn run(args: cli::Demo, out: &mut dyn Write) -> Result<()> {
    let stop = Stop::listen()?;
    let ports = Ports::from_base(args.listen_base);
    let temporary = args.data.is_none();
    let scene = Scene::lay_out(&folder(args.data)?, ports)?;
    log_to(&scene.log())?;
    let mut show = Show::new(out);
    show.title(&scene.folder)?;
    let server = start_server(&scene, temporary).await?;
    let issuer = Issuer::start(ports.issuer, &scene).await?;
    let config = config::read(&scene.config(), &crate::vocabularies())?;
    let gateway = Gateway::start(&scene.config(), config, postern_protocols::all()).await?;
    show.policy(&scene.policy_text()?)?;
    let server = Arc::new(server);
    let failed = if args.no_wait {
        let steps = Steps::new(&scene, Arc::clone(&server))?;
        let mut tour = Tour::new(&mut show);
        let visited = tour.visit(&steps).await;
        gateway.stop().await?;
        visited?;
        Some(tour.look_back(&steps).await?)
    } else {
        show.commands(&scene, &psql::program(server.installation())?)?;
        gateway.run(stop).await?;
        None
    };
    issuer.stop().await;
    // stopping a server blocks
    spawn_blocking(move || drop(server)).await?;
    match failed {
        Some(failed) => end_of_tour(&scene, temporary, failed),
        None => show.goodbye(&scene.folder),
    }
}

/// The folder that was named, or a fresh one.
fn folder(named: Option<PathBuf>) -> Result<PathBuf> {
    let folder = match named {
        Some(folder) => {
            fs::create_dir_all(&folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
            folder
        }
        None => tempfile::Builder::new().prefix("postern-demo-").tempdir()?.keep(),
    };
    Ok(folder.canonicalize()?)
}

fn log_to(file: &Path) -> Result<()> {
    let log = fs::File::options().append(true).create(true).open(file);
    let log = log.with_context(|| format!("`{}` cannot be written", file.display()))?;
    Ok(process::log(Mutex::new(log), true)?)
}

async fn start_server(scene: &Scene, temporary: bool) -> Result<Server> {
    let (certificate, key) = scene.target_certificate()?;
    let data = if temporary { Data::Temporary } else { Data::Kept(scene.folder.join("postgres")) };
    let options =
        Options { data, port: Some(scene.ports.server), tls: Some(Tls { certificate, key }), ..Options::default() };
    let password = scene.password.clone();
    spawn_blocking(move || {
        let server = Installation::discover(None).and_then(|installation| Server::start(&installation, &options));
        let server = server.map_err(explained)?;
        if server.is_fresh() {
            shop::fill(&server, &password).map_err(explained)?;
        }
        Ok(server)
    })
    .await?
}

fn explained(error: postern_localpg::Error) -> Failure {
    use postern_localpg::Error;
    let hint = if matches!(error, Error::NotInstalled { .. } | Error::NoPsql) {
        "`make demo` installs it; or install your system's PostgreSQL server and client"
    } else if matches!(error, Error::Unreachable { .. }) {
        "PostgreSQL does not run as root; pass a --data folder that others may enter, or none"
    } else {
        "see whether another process uses the ports: --listen-base takes others"
    };
    Failure::new(error.to_string()).hint(hint)
}

fn end_of_tour(scene: &Scene, temporary: bool, failed: usize) -> Result<()> {
    if failed == 0 {
        if temporary {
            fs::remove_dir_all(&scene.folder)?;
        }
        return Ok(());
    }
    let steps = if failed == 1 { "1 step".to_owned() } else { format!("{failed} steps") };
    Err(Failure::new(format!("{steps} did not come out right"))
        .hint(format!("everything is still in {}", scene.folder.display()))
        .into())
}
