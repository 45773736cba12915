//! Where events are posted. An address such as Slack's is a secret: only its origin is ever shown.

use std::fmt;
use std::str::FromStr;

/// An `http` or `https` address.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    whole: String,
    origin: usize,
}

/// Why a text is no address. The text is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Another scheme, or none.
    #[error("it begins with neither https:// nor http://: write it as in \"https://hooks.example.com/simian\"")]
    Scheme,
    /// No host.
    #[error("it names no host: write it as in \"https://hooks.example.com/simian\"")]
    Host,
    /// A name or password before the host.
    #[error("it has a name or a password before its host: write that into headers, as in Authorization = \"Basic …\"")]
    Login,
    /// Something that no address has.
    #[error("it has a space, a letter outside ASCII, or a #: write those as %20 and the like")]
    Letters,
}

impl Address {
    /// All of it, to connect to.
    pub fn whole(&self) -> &str {
        &self.whole
    }
}

impl FromStr for Address {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let rest = ["https://", "http://"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
        let rest = rest.ok_or(AddressError::Scheme)?;
        if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\\"<>`{}|^".contains(&byte)) {
            return Err(AddressError::Letters);
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.contains('@') {
            return Err(AddressError::Login);
        }
        if authority.is_empty() || authority.starts_with(':') {
            return Err(AddressError::Host);
        }
        Ok(Self { whole: text.to_owned(), origin: text.len() - rest.len() + authority.len() })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.whole.split_at(self.origin).0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}/…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_origin_is_shown() {
        for (text, origin) in [
            ("https://hooks.slack.com/services/T0/B0/s3cret", "https://hooks.slack.com"),
            ("http://127.0.0.1:8080?token=s3cret", "http://127.0.0.1:8080"),
            ("https://[::1]:8443/s3cret", "https://[::1]:8443"),
            ("https://example.com", "https://example.com"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.whole(), address.to_string().as_str()), (text, origin));
            assert_eq!(format!("{address:?}"), format!("{origin}/…"));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_and_not_repeated() {
        for (text, error) in [
            ("", AddressError::Scheme),
            ("hooks.example.com/s3cret", AddressError::Scheme),
            ("ftp://example.com/s3cret", AddressError::Scheme),
            ("https:///s3cret", AddressError::Host),
            ("https://:443/s3cret", AddressError::Host),
            ("https://ann:s3cret@example.com/", AddressError::Login),
            ("https://example.com/s3cret here", AddressError::Letters),
            ("https://example.com/s3cret#part", AddressError::Letters),
            ("https://exämple.com/s3cret", AddressError::Letters),
        ] {
            assert_eq!(text.parse::<Address>(), Err(error.clone()), "{text}");
            assert!(!error.to_string().contains("s3cret"));
        }
    }
}
