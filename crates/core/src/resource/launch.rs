//! What instances are launched from. Source: EC2 API, `LaunchTemplate` and `LaunchTemplateVersion`; Auto Scaling API,
//! `LaunchConfiguration`.

use super::Metadata;

/// What a launch would use. What is left out is not chosen here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// The image; a parameter of Systems Manager is in `parameter` instead.
    pub image: Option<String>,
    /// The parameter of Systems Manager that names the image: `resolve:ssm:NAME`, without what follows a colon.
    pub parameter: Option<String>,
    /// The instance type.
    pub kind: Option<String>,
    /// The key pair's *name*.
    pub key: Option<String>,
    /// Security groups by id, of its interfaces too.
    pub security_groups: Vec<String>,
    /// Security groups by *name*, where somebody wrote names.
    pub security_group_names: Vec<String>,
    /// Snapshots that its volumes begin with.
    pub snapshots: Vec<String>,
    /// Interfaces that it attaches.
    pub interfaces: Vec<String>,
    /// How the metadata can be read.
    pub metadata: Metadata,
    /// It asks for a public address.
    pub public_address: Option<bool>,
}

/// A launch configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaunchConfiguration {
    /// What it launches.
    pub launch: Launch,
}

/// A launch template as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchTemplate {
    /// The version that `$Default` is.
    pub default_version: u64,
    /// The version that `$Latest` is.
    pub latest_version: u64,
    /// A service of AWS made it, and looks after it.
    pub managed: bool,
}

/// One version of a launch template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateVersion {
    /// The template's id.
    pub template: String,
    /// Its number.
    pub number: u64,
    /// It is the default.
    pub default: bool,
    /// It is the latest.
    pub latest: bool,
    /// What it launches.
    pub launch: Launch,
}
