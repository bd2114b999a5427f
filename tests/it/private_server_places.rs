//! Folders that are too long for a socket or out of the server's reach.

use std::os::unix::fs::PermissionsExt;

use nix::unistd::geteuid;
use switchboard::database::Db;

use crate::private_server_life::{home, start};

async fn works(server: &switchboard::database::private::PrivateServer) {
    let db = Db::connect(server.options("switchboard"), 1).await.unwrap();
    sqlx::query("SELECT 1").execute(db.pool()).await.unwrap();
    db.close().await;
    let named: sqlx::postgres::PgConnectOptions = server.url("switchboard").parse().unwrap();
    Db::connect(named, 1).await.unwrap().close().await;
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_one() {
    let home = home();
    let long = home.path().join("a folder with spaces").join("x".repeat(120));
    let server = start(&long).await.unwrap();
    assert!(server.folder().starts_with(home.path()), "{:?}", server.folder());
    works(&server).await;
    server.release().await.unwrap();
}

#[tokio::test]
async fn a_path_with_quotes_and_commas_works() {
    let home = home();
    let server = start(&home.path().join("it's, \"odd\"")).await.unwrap();
    works(&server).await;
    server.release().await.unwrap();
}

#[tokio::test]
async fn roots_own_folder_is_replaced_by_one_within_reach_and_always_the_same() {
    if !geteuid().is_root() {
        return;
    }
    let home = home();
    std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o700)).unwrap();
    let server = start(&home.path().join("pg")).await.unwrap();
    let folder = server.folder().to_owned();
    works(&server).await;
    server.release().await.unwrap();
    assert!(!folder.starts_with(home.path()), "{folder:?}");
    std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let again = start(&home.path().join("pg")).await.unwrap();
    assert_eq!(again.folder(), folder, "data that exists keeps its place");
    again.release().await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}
