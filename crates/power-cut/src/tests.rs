use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tempfile::{TempDir, tempdir};

use super::*;

const IMAGES: usize = 200;

/// What a file holds in each of many images; nothing where it is gone.
fn images(disk: &Disk, name: &str) -> Vec<Option<Vec<u8>>> {
    let mut random = StdRng::seed_from_u64(1);
    let image = |_| {
        let folder = tempdir().expect("a folder");
        disk.image(&mut random, folder.path()).expect("room for an image");
        fs::read(folder.path().join(name)).ok()
    };
    (0..IMAGES).map(image).collect()
}

/// A disk with one file, which SQLite does not know.
fn disk() -> (TempDir, std::sync::Arc<Disk>) {
    let folder = tempdir().expect("a folder");
    fs::write(folder.path().join("file"), [1; 1_024]).expect("room");
    let disk = Disk::under(folder.path()).expect("it can be read");
    (folder, disk)
}

#[test]
fn what_was_synced_is_in_every_image() {
    let (_folder, disk) = disk();
    let file = disk.open(OsStr::new("file")).expect("the power is on");
    disk.write(file, 100, &[2; 600]).expect("the power is on");
    disk.truncate(file, 900).expect("the power is on");
    disk.sync(file, false).expect("the power is on");
    disk.cut();
    let expected = [vec![1; 100], vec![2; 600], vec![1; 200]].concat();
    assert!(images(&disk, "file").into_iter().all(|left| left.as_ref() == Some(&expected)));
}

#[test]
fn what_was_not_synced_is_kept_or_lost_by_whole_sectors_in_any_order() {
    let (_folder, disk) = disk();
    let file = disk.open(OsStr::new("file")).expect("the power is on");
    disk.write(file, 0, &[2; 1_024]).expect("the power is on");
    disk.cut();
    let images = images(&disk, "file");
    for (first, second) in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        let expected = Some([vec![first; 512], vec![second; 512]].concat());
        assert!(images.contains(&expected), "no image has {first} and {second}");
    }
    let torn = |left: &Option<Vec<u8>>| {
        let left = left.as_ref().expect("its name was safe");
        left[..512].windows(2).any(|two| two[0] != two[1])
    };
    assert!(!images.iter().any(torn), "a sector was torn");
}

#[test]
fn a_new_file_may_be_gone_until_its_folder_was_synced() {
    let (_folder, disk) = disk();
    let new = disk.open(OsStr::new("new")).expect("the power is on");
    disk.write(new, 0, &[3; 10]).expect("the power is on");
    disk.sync(new, false).expect("the power is on");
    disk.delete(OsStr::new("file"), false).expect("the power is on");
    disk.cut();
    for name in ["new", "file"] {
        let images = images(&disk, name);
        assert!(images.contains(&None) && images.iter().any(Option::is_some), "{name}");
    }
}

#[test]
fn a_name_is_safe_once_its_folder_was_synced() {
    let (_folder, disk) = disk();
    let new = disk.open(OsStr::new("new")).expect("the power is on");
    disk.sync(new, true).expect("the power is on");
    disk.cut();
    assert!(images(&disk, "new").iter().all(Option::is_some));
}

#[test]
fn nothing_changes_once_the_power_is_off() {
    let (_folder, disk) = disk();
    let file = disk.open(OsStr::new("file")).expect("the power is on");
    disk.cut_in(2);
    disk.write(file, 0, &[2]).expect("the power is on");
    assert!(disk.sync(file, true).is_err(), "the power goes in the sync");
    assert!(disk.write(file, 0, &[3]).is_err());
    assert!(disk.delete(OsStr::new("file"), true).is_err());
    assert!(disk.open(OsStr::new("file")).is_err());
    assert!(disk.cut(), "it had gone before");
    let firsts = images(&disk, "file").into_iter().map(|left| left.map(|left| left[0]));
    let firsts: Vec<_> = firsts.collect();
    assert!(firsts.contains(&Some(1)) && firsts.contains(&Some(2)), "the sync had not ended");
    assert!(!firsts.contains(&Some(3)) && !firsts.contains(&None));
}

#[tokio::test]
async fn sqlite_keeps_every_commit_with_full_syncs_and_loses_some_with_fewer() {
    assert_eq!(least_left(SqliteSynchronous::Full).await, 20);
    assert!(least_left(SqliteSynchronous::Normal).await < 20);
}

/// The fewest of 20 committed rows that an image has.
async fn least_left(synchronous: SqliteSynchronous) -> i64 {
    let folder = tempdir().expect("a folder");
    let disk = Disk::under(folder.path()).expect("it is empty");
    let mut connection = connect(folder.path(), synchronous).await;
    let table = "CREATE TABLE note (text TEXT)";
    sqlx::query(table).execute(&mut connection).await.expect("the power is on");
    let checkpoint = "PRAGMA wal_checkpoint";
    sqlx::query(checkpoint).execute(&mut connection).await.expect("the power is on");
    for _ in 0..20 {
        let insert = "INSERT INTO note VALUES (hex(randomblob(1000)))";
        sqlx::query(insert).execute(&mut connection).await.expect("the power is on");
    }
    disk.cut();
    let insert = "INSERT INTO note VALUES ('too late')";
    sqlx::query(insert).execute(&mut connection).await.expect_err("the power is off");
    let mut random = StdRng::seed_from_u64(1);
    let mut least = i64::MAX;
    for _ in 0..IMAGES / 4 {
        let left = tempdir().expect("a folder");
        disk.image(&mut random, left.path()).expect("room for an image");
        let mut connection = connect(left.path(), synchronous).await;
        let sound: String = sqlx::query_scalar("PRAGMA integrity_check")
            .fetch_one(&mut connection)
            .await
            .expect("it can be read");
        assert_eq!(sound, "ok");
        let count = sqlx::query_scalar("SELECT COUNT(*) FROM note").fetch_one(&mut connection);
        least = least.min(count.await.expect("the table was carried over and synced"));
        connection.close().await.expect("it closes");
    }
    least
}

async fn connect(folder: &Path, synchronous: SqliteSynchronous) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("notes.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous);
    options.connect().await.expect("it opens")
}
