use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// One forward step of a schema: a file of `migrations/`, compiled in.
#[derive(Debug, Clone, Copy)]
pub struct MigrationFile {
    /// The number the file's name begins with, ascending without a gap.
    pub version: i64,
    /// The rest of the file's name.
    pub name: &'static str,
    /// The file's text.
    pub sql: &'static str,
}

/// The migrator of a service's schema. A database that a newer service has migrated further is
/// accepted, unless its `min_reader` says otherwise.
pub fn migrator(files: &[MigrationFile]) -> Migrator {
    let migrations = files.iter().map(|file| {
        let name = Cow::Borrowed(file.name);
        let sql = file.sql.into_sql_str();
        Migration::new(file.version, name, MigrationType::Simple, sql, false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_ignore_missing(true);
    migrator
}
