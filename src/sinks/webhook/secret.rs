//! What signs a letter: where it is kept, and reading it from there.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::private::Private;

/// Where a webhook's secret is kept. It is read once, when the daemon starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In a file, alone; line ends after it do not count.
    File(PathBuf),
    /// In the variable of that name.
    Variable(String),
}

/// Why there is no secret. What was found is not repeated.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the secret in {file}: {why}; mend secret_file in [[sinks.webhook]]")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The variable is not set.
    #[error("there is no secret in ${0}: set it, or mend secret_env in [[sinks.webhook]]")]
    Variable(String),
}

/// The largest file of a secret, in bytes: whoever names a larger one has named the wrong one.
const MAX_SECRET: u64 = 4096;

/// What others than the owner may do with a file that is too open: write it as its group, or anything as a stranger.
const TOO_OPEN: u32 = 0o027;

impl SecretSource {
    /// Reads it. A file that strangers may read is used, and warned of.
    pub fn read(&self) -> Result<Private, SecretError> {
        match self {
            SecretSource::Variable(name) => {
                let text = std::env::var(name).unwrap_or_default();
                if text.is_empty() { Err(SecretError::Variable(name.clone())) } else { Ok(Private::new(text)) }
            }
            SecretSource::File(path) => {
                let file = path.display().to_string();
                let (text, mode) = read(path).map_err(|why| SecretError::File { file: file.clone(), why })?;
                if mode & TOO_OPEN != 0 {
                    let mode = format!("{:04o}", mode & 0o7777);
                    tracing::warn!(file, mode, "others may read or change a webhook's secret: chmod 0600");
                }
                Ok(text)
            }
        }
    }
}

fn read(path: &PathBuf) -> Result<(Private, u32), String> {
    let open = |error: std::io::Error| error.to_string();
    let file = File::open(path).map_err(open)?;
    let metadata = file.metadata().map_err(open)?;
    if metadata.is_dir() {
        return Err("it is a directory".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(MAX_SECRET + 1).read_to_end(&mut bytes).map_err(open)?;
    if bytes.len() as u64 > MAX_SECRET {
        return Err(format!("it is larger than {MAX_SECRET} bytes, so it is no secret"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok((Private::new(text), metadata.permissions().mode()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_its_text_without_the_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "s3 cret \r\n\n").unwrap();
        let secret = SecretSource::File(path).read().unwrap();
        assert_eq!(secret.open(), "s3 cret ");
        assert_eq!(format!("{secret:?}"), "…");
    }

    #[test]
    fn what_is_no_secret_is_said_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let told = |content: Option<&[u8]>| {
            match content {
                Some(content) => std::fs::write(&path, content).unwrap(),
                None => drop(std::fs::remove_file(&path)),
            }
            let error = SecretSource::File(path.clone()).read().unwrap_err().to_string();
            error.replace(&path.display().to_string(), "FILE")
        };
        let said = |why: &str| format!("cannot read the secret in FILE: {why}; mend secret_file in [[sinks.webhook]]");
        assert_eq!(told(None), said("No such file or directory (os error 2)"));
        assert_eq!(told(Some(b"\n")), said("it is empty"));
        assert_eq!(told(Some(b"\xff")), said("it is no UTF-8"));
        assert_eq!(told(Some(&[b's'; 4097])), said("it is larger than 4096 bytes, so it is no secret"));
        let directory = SecretSource::File(folder.path().to_owned()).read().unwrap_err().to_string();
        assert!(directory.contains("it is a directory"), "{directory}");
        let unset = SecretSource::Variable("SIMIAN_TEST_NOT_SET".into()).read().unwrap_err().to_string();
        assert_eq!(
            unset,
            "there is no secret in $SIMIAN_TEST_NOT_SET: set it, or mend secret_env in [[sinks.webhook]]"
        );
    }
}
