#![expect(unsafe_code, reason = "SQLite's file layer is a table of C functions")]
//! The layer below SQLite: the system's own, behind five functions that ask the disk first.
//!
//! SQLite gives a file a piece of memory that begins with a pointer to the file's functions. The
//! system's layer fills it in; then that pointer, and nothing else, is replaced by one to a copy of
//! the same functions with ours among them. Whatever is not ours, locks and shared memory above
//! all, goes to the system without a detour.
//!
//! Safety, for every block below: SQLite calls these functions as its documentation of
//! `sqlite3_vfs` and `sqlite3_io_methods` says. Arguments are valid for the call; a file's functions
//! are called after it was opened and before it is closed, by one thread at a time; the system's
//! layer is there for ever.

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

use libsqlite3_sys::{
    SQLITE_CANTOPEN, SQLITE_IOERR_DELETE, SQLITE_IOERR_FSYNC, SQLITE_IOERR_TRUNCATE,
    SQLITE_IOERR_WRITE, SQLITE_OK, SQLITE_OPEN_CREATE, SQLITE_OPEN_MAIN_JOURNAL, SQLITE_OPEN_WAL,
    sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find,
    sqlite3_vfs_register,
};

use crate::disk::{Disk, FileId, Off};

/// The disks that are watched, as long as their tests hold them.
static DISKS: Mutex<Vec<Weak<Disk>>> = Mutex::new(Vec::new());
/// The system's layer, once ours stands before it.
static SYSTEM: AtomicPtr<sqlite3_vfs> = AtomicPtr::new(ptr::null_mut());
static REGISTERED: Once = Once::new();

/// A file's functions, and what they need; SQLite sees the first field only.
#[repr(C)]
struct Watched {
    ours: sqlite3_io_methods,
    systems: *const sqlite3_io_methods,
    disk: Arc<Disk>,
    file: FileId,
    /// Its first sync syncs the folder too, as the system's layer does for a log that it made.
    is_new_log: bool,
}

/// Tells a disk of what happens below its folder from now on.
pub(crate) fn stand_before(disk: &Arc<Disk>) {
    REGISTERED.call_once(register);
    let mut disks = DISKS.lock().unwrap_or_else(PoisonError::into_inner);
    disks.retain(|disk| disk.strong_count() > 0);
    disks.push(Arc::downgrade(disk));
}

fn register() {
    // SAFETY: the default layer is found and copied before anyone else can know ours, which is
    // never freed. The copy keeps the system's size of a file, its data and its other functions,
    // none of which asks which layer it is called for.
    unsafe {
        let system = sqlite3_vfs_find(ptr::null());
        assert!(!system.is_null(), "SQLite has a default file layer");
        SYSTEM.store(system, Ordering::Release);
        let ours = sqlite3_vfs {
            pNext: ptr::null_mut(),
            zName: c"power-cut".as_ptr(),
            xOpen: Some(open),
            xDelete: Some(delete),
            ..*system
        };
        let registered = sqlite3_vfs_register(Box::into_raw(Box::new(ours)), 1);
        assert_eq!(registered, SQLITE_OK, "SQLite takes one more file layer");
    }
}

/// The disk that holds a file, and the file's name there. A file without a name is temporary.
unsafe fn find<'a>(path: *const c_char) -> Option<(Arc<Disk>, &'a OsStr)> {
    // SAFETY: see the module; a path that is not null ends with a zero.
    let path = unsafe { path.as_ref().map(|path| CStr::from_ptr(path)) }?;
    let path = Path::new(OsStr::from_bytes(path.to_bytes()));
    let disks = DISKS.lock().unwrap_or_else(PoisonError::into_inner);
    let mut disks = disks.iter().filter_map(Weak::upgrade);
    disks.find_map(|disk| disk.holds(path).map(|name| (Arc::clone(&disk), name)))
}

unsafe extern "C" fn open(
    _ours: *mut sqlite3_vfs,
    path: *const c_char,
    file: *mut sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: see the module. `file` has room for the system's file, of which `pMethods` is the
    // first field; when it is null, SQLite knows that there is nothing to close.
    unsafe {
        let found = find(path).map(|(disk, name)| disk.open(name).map(|file| (disk, file)));
        let found = match found.transpose() {
            Ok(found) => found,
            Err(Off) => {
                (*file).pMethods = ptr::null();
                return SQLITE_CANTOPEN;
            }
        };
        let system = SYSTEM.load(Ordering::Acquire);
        let open = (*system).xOpen.expect("a layer can open files");
        let opened = open(system, path, file, flags, flags_out);
        if let Some((disk, id)) = found
            && opened == SQLITE_OK
        {
            let systems = (*file).pMethods;
            let ours = sqlite3_io_methods {
                // Without memory-mapped reads, which version 3 brought.
                iVersion: 2,
                xClose: Some(close),
                xWrite: Some(write),
                xTruncate: Some(truncate),
                xSync: Some(sync),
                ..*systems
            };
            let is_log = flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL) != 0;
            let is_new_log = is_log && flags & SQLITE_OPEN_CREATE != 0;
            let watched = Watched { ours, systems, disk, file: id, is_new_log };
            (*file).pMethods = Box::into_raw(Box::new(watched)).cast();
        }
        opened
    }
}

unsafe extern "C" fn delete(
    _ours: *mut sqlite3_vfs,
    path: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: see the module.
    unsafe {
        let deleted = find(path).map(|(disk, name)| disk.delete(name, sync_folder != 0));
        match deleted {
            Some(Err(Off)) => SQLITE_IOERR_DELETE,
            Some(Ok(())) | None => {
                let system = SYSTEM.load(Ordering::Acquire);
                (*system).xDelete.expect("a layer can delete files")(system, path, sync_folder)
            }
        }
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: see the module; `open` made this box, and nobody uses it after this call.
    unsafe {
        let watched = Box::from_raw((*file).pMethods.cast::<Watched>().cast_mut());
        (*file).pMethods = watched.systems;
        (*watched.systems).xClose.expect("a file can be closed")(file)
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: see the module; there are `length` bytes to write.
    unsafe {
        let watched = watched(file);
        let written = std::slice::from_raw_parts(bytes.cast(), size(length.into()));
        match watched.disk.write(watched.file, size(offset), written) {
            Ok(()) => {
                let write = (*watched.systems).xWrite.expect("a file can be written");
                write(file, bytes, length, offset)
            }
            Err(Off) => SQLITE_IOERR_WRITE,
        }
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: sqlite3_int64) -> c_int {
    // SAFETY: see the module.
    unsafe {
        let watched = watched(file);
        match watched.disk.truncate(watched.file, size(length)) {
            Ok(()) => (*watched.systems).xTruncate.expect("a file can be cut short")(file, length),
            Err(Off) => SQLITE_IOERR_TRUNCATE,
        }
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _how: c_int) -> c_int {
    // SAFETY: see the module. The system's file is never synced: nobody cuts its power.
    let watched = unsafe { watched(file) };
    match watched.disk.sync(watched.file, watched.is_new_log) {
        Ok(()) => {
            watched.is_new_log = false;
            SQLITE_OK
        }
        Err(Off) => SQLITE_IOERR_FSYNC,
    }
}

/// What `open` put in the place of the system's functions.
unsafe fn watched<'a>(file: *mut sqlite3_file) -> &'a mut Watched {
    // SAFETY: see the module; the box lives until `close`.
    unsafe { &mut *(*file).pMethods.cast::<Watched>().cast_mut() }
}

/// SQLite counts bytes in signed numbers.
fn size(bytes: i64) -> usize {
    usize::try_from(bytes).expect("SQLite asks for no negative sizes")
}
