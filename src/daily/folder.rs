//! The folder of reports: only files of our own names are written, replaced or removed.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use chrono::{Days, NaiveDate};

use crate::report::Format;

/// What our files' names begin with.
const PREFIX: &str = "simian-report-";

/// What the name of a file ends with while it is written; it begins with a dot then.
const NEW: &str = ".new";

/// Who may read a report: the daemon and its group.
const MODE: u32 = 0o640;

/// The same for the folder, where we make it.
const FOLDER_MODE: u32 = 0o750;

/// What could not be done in the folder.
#[derive(Debug, thiserror::Error)]
#[error("{what} {}: {source}; give the daemon a folder that it may write to under [report] folder", path.display())]
pub(super) struct FolderError {
    what: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FolderError {
    fn at(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self { what, path, source }
    }
}

/// The name of a day's report.
pub(super) fn file_name(date: NaiveDate, format: Format) -> String {
    format!("{PREFIX}{date}.{}", format.as_str())
}

/// The date of a file that is ours by its name, also while it is written.
fn date_of(name: &str) -> Option<NaiveDate> {
    let whole = name.strip_prefix('.').and_then(|name| name.strip_suffix(NEW)).unwrap_or(name);
    let (date, ending) = whole.strip_prefix(PREFIX)?.split_once('.')?;
    let ours = Format::ALL.into_iter().any(|format| format.as_str() == ending);
    date.parse().ok().filter(|date: &NaiveDate| ours && whole == format!("{PREFIX}{date}.{ending}"))
}

/// Writes a file so that it is there whole or not at all. The folder is made if only it is missing.
pub(super) fn write(folder: &Path, name: &str, text: &str) -> Result<(), FolderError> {
    if !folder.exists() {
        let make = || {
            DirBuilder::new().mode(FOLDER_MODE).create(folder)?;
            // Whatever the unit's umask leaves.
            fs::set_permissions(folder, Permissions::from_mode(FOLDER_MODE))
        };
        make().map_err(FolderError::at("cannot make the folder", folder))?;
    }
    let (new, path) = (folder.join(format!(".{name}{NEW}")), folder.join(name));
    let put = || {
        match fs::remove_file(&new) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&new)?;
        file.set_permissions(Permissions::from_mode(MODE))?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&new, &path)
    };
    put().map_err(|error| {
        // What is half written helps nobody; should it stay, it goes with its day.
        drop(fs::remove_file(&new));
        FolderError::at("cannot write", &path)(error)
    })
}

/// Removes our files that are so many days older than the date.
pub(super) fn prune(folder: &Path, date: NaiveDate, keep: u32) -> Result<(), FolderError> {
    let Some(oldest) = date.checked_sub_days(Days::new(keep.into())) else { return Ok(()) };
    for entry in fs::read_dir(folder).map_err(FolderError::at("cannot list", folder))? {
        let path = entry.map_err(FolderError::at("cannot list", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.and_then(date_of).is_some_and(|date| date <= oldest) {
            fs::remove_file(&path).map_err(FolderError::at("cannot remove", &path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_ours() {
        let day = "2026-11-23".parse().unwrap();
        let date = Some(day);
        for (name, expected) in [
            ("simian-report-2026-11-23.html", date),
            ("simian-report-2026-11-23.json", date),
            (".simian-report-2026-11-23.md.new", date),
            ("simian-report-2026-11-23.html.gz", None),
            ("simian-report-2026-11-23.pdf", None),
            ("simian-report-2026-1-5.html", None),
            ("simian-report-latest.html", None),
            ("my-simian-report-2026-11-23.html", None),
            ("ledger.db", None),
        ] {
            assert_eq!(date_of(name), expected, "{name}");
        }
        assert_eq!(date_of(&file_name(day, Format::Md)), date);
    }

    #[test]
    fn a_file_is_whole_private_and_replaces_its_like() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("reports");
        write(&folder, "simian-report-2026-11-23.md", "one").unwrap();
        write(&folder, "simian-report-2026-11-23.md", "two").unwrap();
        let path = folder.join("simian-report-2026-11-23.md");
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&folder)), (MODE, FOLDER_MODE));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left of how it was written");
    }

    #[test]
    fn a_link_in_the_way_is_replaced_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "mine").unwrap();
        for name in [".simian-report-2026-11-23.md.new", "simian-report-2026-11-23.md"] {
            std::os::unix::fs::symlink(&victim, folder.path().join(name)).unwrap();
        }
        write(folder.path(), "simian-report-2026-11-23.md", "two").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    }

    #[test]
    fn what_cannot_be_written_says_where_and_what_to_do() {
        let parent = tempfile::tempdir().unwrap();
        let error = write(&parent.path().join("not/here"), "simian-report-2026-11-23.md", "x").unwrap_err();
        let told = error.to_string().replace(&parent.path().display().to_string(), "DIR");
        assert_eq!(
            told,
            "cannot make the folder DIR/not/here: No such file or directory (os error 2); give the daemon a folder that it \
             may write to under [report] folder"
        );
    }

    #[test]
    fn old_files_of_ours_go_and_all_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "simian-report-2026-11-20.html",
            "simian-report-2026-11-21.html",
            ".simian-report-2026-11-01.md.new",
            "simian-report-2026-01-01.pdf",
            "notes.txt",
        ];
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        prune(folder.path(), "2026-11-23".parse().unwrap(), 3).unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["notes.txt", "simian-report-2026-01-01.pdf", "simian-report-2026-11-21.html"]);
    }
}
