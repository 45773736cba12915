//! The kill switch that is a file: while it is there, everything is paused. For whoever can write a file and cannot reach
//! the daemon: a deployment tool, a colleague without the right to the socket, a shell on a machine in trouble.
//!
//! It is looked at when something is judged and before every call. What may not happen here: a file that cannot be looked
//! at taken for one that is not there, and a wait (a pipe in its place is never opened).

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use simian_core::{Pause, View};

/// How much of the file's text is the reason, in characters: a few sentences.
const MAX_WHY: usize = 400;

/// How much of the file is read, in bytes: the reason in any script, and no more of a file that somebody mistook.
const MAX_READ: u64 = 16 * 1024;

/// Where the file would be, if the operator named one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brake(Option<PathBuf>);

impl Brake {
    /// A brake by that file, or none.
    pub fn new(path: Option<PathBuf>) -> Self {
        Self(path)
    }

    /// Looks whether it is pulled: the pause that it is while the file is there.
    pub fn look(&self, now: DateTime<Utc>) -> View<Option<Pause>> {
        let Some(path) = &self.0 else { return View::Unasked };
        // Of the name itself: a link that leads nowhere is there, and somebody put it there.
        let at = match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return View::Known(None),
            Err(error) => {
                let path = path.display();
                return View::Unknown(format!(
                    "cannot look whether the pause file {path} is there ({error}): let the daemon's user look into its \
                     folder, or mend [control] pause_file"
                ));
            }
            Ok(found) => found.modified().map_or(now, DateTime::<Utc>::from),
        };
        View::Known(Some(Pause::by_file(at, &path.display().to_string(), why(path))))
    }
}

/// What the file says.
fn why(path: &Path) -> String {
    match text(path) {
        Ok(text) => {
            let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
            let why: String = words.collect::<Vec<_>>().join(" ").chars().take(MAX_WHY).collect();
            if why.is_empty() { "the file gives no reason".into() } else { why }
        }
        Err(error) => format!("the file is there, and what it says cannot be read ({error})"),
    }
}

fn text(path: &Path) -> std::io::Result<String> {
    // To open a pipe is to wait for whoever writes to it.
    if !path.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_READ).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn pulled(brake: &Brake) -> Pause {
        match brake.look(DateTime::UNIX_EPOCH) {
            View::Known(Some(pause)) => pause,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_file_named_is_not_asked_and_no_file_there_is_no_pause() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Brake::default().look(DateTime::UNIX_EPOCH), View::Unasked);
        for path in ["paused", "no/such/folder/paused"] {
            assert_eq!(
                Brake::new(Some(folder.path().join(path))).look(DateTime::UNIX_EPOCH),
                View::Known(None),
                "{path}"
            );
        }
    }

    #[test]
    fn the_file_pauses_everything_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("paused");
        let brake = Brake::new(Some(path.clone()));
        for (text, why) in [
            (&b"  incident 7\n see\tthe channel\x1b\n"[..], "incident 7 see the channel"),
            (b"", "the file gives no reason"),
            (b" \n", "the file gives no reason"),
            (b"\xff", "\u{fffd}"),
        ] {
            fs::write(&path, text).unwrap();
            let pause = pulled(&brake);
            assert_eq!(pause.why, why);
            assert_eq!(pause.actor, format!("file:{}", path.display()));
            assert_eq!((&pause.account, &pause.region, &pause.monkey, pause.until), (&None, &None, &None, None));
            assert!(pause.at > DateTime::UNIX_EPOCH, "since when the file is as it is");
        }
        fs::write(&path, "ä".repeat(100_000)).unwrap();
        assert_eq!(pulled(&brake).why, "ä".repeat(MAX_WHY));
        fs::remove_file(&path).unwrap();
        assert_eq!(brake.look(DateTime::UNIX_EPOCH), View::Known(None));
    }

    #[test]
    fn whatever_is_there_pauses_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("folder")).unwrap();
        std::os::unix::fs::symlink("nowhere", path("link")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        for name in ["folder", "link", "pipe"] {
            let why = pulled(&Brake::new(Some(path(name)))).why;
            assert!(why.contains("cannot be read"), "{name}: {why}");
        }
    }

    #[test]
    fn what_cannot_be_looked_at_is_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let brake = Brake::new(Some(file.join("paused")));
        let View::Unknown(why) = brake.look(DateTime::UNIX_EPOCH) else { panic!("{brake:?}") };
        assert!(why.contains("file/paused") && why.contains("pause_file"), "{why}");
    }
}
