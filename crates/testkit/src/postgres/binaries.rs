use std::path::{Path, PathBuf};

/// Where Debian and its kin install each major version.
const VERSIONED: &str = "/usr/lib/postgresql";

/// The folder with `initdb` and `postgres`: of `PATH` first, then the newest that Debian installed.
pub(super) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).find(|folder| has_binaries(folder));
    in_path.or_else(newest_installed)
}

fn newest_installed() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONED).ok()?;
    let numbered = versions.filter_map(|entry| {
        let entry = entry.ok()?;
        let major: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((major, entry.path().join("bin")))
    });
    let usable = numbered.filter(|(_, folder)| has_binaries(folder));
    usable.max_by_key(|(major, _)| *major).map(|(_, folder)| folder)
}

fn has_binaries(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file())
}
