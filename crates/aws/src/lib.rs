//! The only crate that names the AWS SDK.
