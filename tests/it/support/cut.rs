//! A wire between a program and its database that is cut when the answer of a claim comes along: the claim is carried out, and
//! whoever made it never hears of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::TestDb;
use super::postgres::server;

/// Begins every claim.
const CLAIM: &[u8] = b"WITH picked AS";
/// The kind of job, in an answer that tells of jobs.
const TOLD: &[u8] = b"lookup";

pub struct Cut {
    folder: TempDir,
    server: PathBuf,
    /// Answers that are still to be kept back.
    left: Arc<AtomicU32>,
}

impl Cut {
    /// Keeps the first answer back that tells of claimed lookups.
    pub async fn once() -> Cut {
        let folder = tempfile::Builder::new().prefix("sb-cut-").tempdir_in("/tmp").unwrap();
        let server = server().await.options("postgres").get_socket().unwrap().clone();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let (left, behind) = (Arc::new(AtomicU32::new(1)), server.join(".s.PGSQL.5432"));
        let todo = Arc::clone(&left);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = UnixStream::connect(&behind).await else { continue };
                tokio::spawn(carry(near, far, Arc::clone(&todo)));
            }
        });
        Cut { folder, server, left }
    }

    /// The address of a test's database over this wire.
    pub fn url(&self, test: &TestDb) -> String {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let url = test.url.replace(&text(&self.server), &text(self.folder.path()));
        assert_ne!(url, test.url);
        url
    }

    /// Whether it was cut.
    pub fn happened(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

async fn carry(mut near: UnixStream, mut far: UnixStream, left: Arc<AtomicU32>) {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut claims = false;
    loop {
        tokio::select! {
            Ok(n @ 1..) = near.read(&mut asked) => {
                claims |= has(&asked[..n], CLAIM);
                if far.write_all(&asked[..n]).await.is_err() { return; }
            }
            Ok(n @ 1..) = far.read(&mut answered) => {
                let told = claims && has(&answered[..n], TOLD);
                if told && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() { return; }
                if near.write_all(&answered[..n]).await.is_err() { return; }
            }
            else => return,
        }
    }
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
