//! What a power cut leaves of SQLite's files.
//!
//! [`Disk::under`] stands between SQLite and the files of one folder, for every connection that the
//! process opens there from then on; the code under test is not changed. A disk knows, of every
//! file, what was synced and which writes came since. From the moment of the cut everything fails;
//! [`Disk::image`] then writes what may be left to another folder, as often as wanted: all that was
//! synced, and of the rest nothing, all, the first so many, or any sectors.
//!
//! - `disk`: the model, without SQLite;
//! - `vfs`: the layer below SQLite that tells the model what happens.
//!
//! What is taken for true of real disks: a sync that has returned holds; a sector is written whole
//! or not at all; a write changes no sector beside its own. Folders are held to it too: the name of
//! a new file is safe only once its folder was synced. Nothing is really synced, so that tests are
//! fast. Not modelled: `-shm`, which SQLite makes anew after a cut; files that are not SQLite's.

mod disk;
#[cfg(test)]
mod tests;
mod vfs;

pub use disk::{Disk, Kept};
