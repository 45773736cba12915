//! AWS's error codes, and what they come to.

use simian_core::ports::Cause;

/// Throttles that the SDK's list leaves out: SNS's code on the wire and its key service's (SNS API, `Publish`).
pub(super) const MORE_THROTTLES: [&str; 2] = ["Throttled", "KMSThrottling"];

/// The caller lacks a permission. Sources: EC2 API "Error codes", AWS "Common error types", SNS API `Publish`.
pub(super) const DENIED: [&str; 5] =
    ["UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthorizationError", "NotAuthorized"];

/// The credentials are not accepted. Sources: EC2 API "Error codes", AWS "Common error types", STS API.
pub(super) const CREDENTIALS: [&str; 15] = [
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// What EC2 and others say of good credentials in a region that the account has not enabled.
pub(super) const REGION_DISABLED: [&str; 3] = ["AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"];

/// The server did not get the whole request in time, or so it says.
pub(super) const LATE: [&str; 2] = ["RequestTimeout", "RequestTimeoutException"];

/// Something uses it. Sources: EC2 API "Error codes"; Auto Scaling and Elastic Load Balancing APIs, the errors of their
/// deletions.
pub(super) const IN_USE: [&str; 8] = [
    "DependencyViolation",
    "InvalidGroup.InUse",
    "InvalidIPAddress.InUse",
    "InvalidNetworkInterface.InUse",
    "InvalidSnapshot.InUse",
    "ResourceInUse",
    "ScalingActivityInProgress",
    "VolumeInUse",
];

/// There is no such thing, of the kinds that are read, tagged, saved, changed or ended here. Sources: EC2 API "Error codes";
/// Elastic Load Balancing API, both versions; `CloudWatch` Logs API.
pub(super) const GONE: [&str; 23] = [
    "InvalidAMIID.NotFound",
    "InvalidAMIID.Unavailable",
    "InvalidAddressID.NotFound",
    "InvalidAllocationID.NotFound",
    "InvalidGroup.NotFound",
    "InvalidInstanceID.NotFound",
    "InvalidKeyPair.NotFound",
    "InvalidLaunchTemplateId.NotFound",
    "InvalidLaunchTemplateId.VersionNotFound",
    "InvalidNatGatewayID.NotFound",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidRouteTableID.NotFound",
    "InvalidSecurityGroupID.NotFound",
    "InvalidSnapshot.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidVolume.NotFound",
    "InvalidVpcID.NotFound",
    "LoadBalancerNotFound",
    "NatGatewayNotFound",
    "ResourceNotFoundException",
    "TargetGroupNotFound",
    // Of one version in the answer of `DeleteLaunchTemplateVersions` (EC2 API, `ResponseError`).
    "launchTemplateIdDoesNotExist",
    "launchTemplateVersionDoesNotExist",
];

/// What a code comes to.
type Meaning = fn(String) -> Cause;

/// Codes that say too little without their message, and what it must say. Sources: Auto Scaling has no code of its own
/// for a name that there is not; EC2 API "Error codes", `InvalidNetworkInterface.InUse`.
const BY_MESSAGE: [(&str, &str, Meaning); 2] =
    [("ValidationError", "not found", Cause::Gone), ("InvalidParameterValue", "currently in use", Cause::InUse)];

/// A refusal for a reason of its own.
pub(super) fn refusal(code: &str, message: Option<&str>) -> Cause {
    let says = |words: &str| message.is_some_and(|message| message.contains(words));
    if IN_USE.contains(&code) {
        Cause::InUse(code.to_owned())
    } else if GONE.contains(&code) {
        Cause::Gone(code.to_owned())
    } else {
        let told = BY_MESSAGE.iter().find(|(known, words, _)| *known == code && says(words));
        told.map_or(Cause::Refused as Meaning, |(.., cause)| *cause)(code.to_owned())
    }
}
