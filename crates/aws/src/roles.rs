//! The role of another account, assumed in whichever of its regions can be reached.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::{ProvideCredentials, Result, error::CredentialsError, future};
use simian_core::scope::Region;

use crate::base;
use crate::error::never_connected;

/// How long an assumed role's credentials live: STS's default, and the most for a role assumed by a role. The SDK asks
/// for new ones in time.
const SESSION: Duration = Duration::from_hours(1);

/// The same role by way of several regions' STS, in order. The next is asked only when the one before could not be
/// reached: a refusal is an answer.
#[derive(Debug)]
pub(crate) struct AnyRegion(Vec<AssumeRoleProvider>);

impl AnyRegion {
    /// Calls nobody.
    pub(crate) async fn assume(role: &str, session: &str, config: &SdkConfig, regions: &[Region]) -> Self {
        let mut providers = Vec::new();
        for region in regions {
            let provider = AssumeRoleProvider::builder(role)
                .configure(config)
                .region(base::sdk_region(region))
                .session_name(session)
                .session_length(SESSION);
            // A large future, as the SDK's loading is.
            providers.push(Box::pin(provider.build()).await);
        }
        Self(providers)
    }

    async fn ask(&self) -> Result {
        let answers: Vec<_> = self.0.iter().map(ProvideCredentials::provide_credentials).collect();
        let answer = first_reachable(answers, |error: &CredentialsError| never_connected(error)).await;
        answer.unwrap_or_else(|| Err(CredentialsError::not_loaded("the account has no regions")))
    }
}

/// The first answer, whatever it is, of one that could be reached, else what the first said of why it could not.
/// One after the other: a future does nothing before its turn. `None` when there is nobody to ask.
pub(crate) async fn first_reachable<T, E>(
    answers: impl IntoIterator<Item = impl Future<Output = std::result::Result<T, E>>>,
    away: impl Fn(&E) -> bool,
) -> Option<std::result::Result<T, E>> {
    let mut first = None;
    for answer in answers {
        match answer.await {
            Err(error) if away(&error) => first = first.or(Some(error)),
            answer => return Some(answer),
        }
    }
    first.map(Err)
}

impl ProvideCredentials for AnyRegion {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.ask())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn the_next_is_asked_only_when_one_cannot_be_reached() {
        type Answer = std::result::Result<u8, &'static str>;
        let cases: [(&[Answer], Option<Answer>, usize); 6] = [
            (&[Ok(1), Ok(2)], Some(Ok(1)), 1),
            (&[Err("away"), Ok(2), Ok(3)], Some(Ok(2)), 2),
            (&[Err("denied"), Ok(2)], Some(Err("denied")), 1),
            (&[Err("away"), Err("denied"), Ok(3)], Some(Err("denied")), 2),
            (&[Err("away"), Err("away, too")], Some(Err("away")), 2),
            (&[], None, 0),
        ];
        for (answers, expected, calls) in cases {
            let asked = Cell::new(0);
            let asking = answers.iter().map(|answer| {
                asked.set(asked.get() + 1);
                std::future::ready(*answer)
            });
            let answer = first_reachable(asking, |error| error.starts_with("away")).await;
            assert_eq!((answer, asked.get()), (expected, calls), "{answers:?}");
        }
    }
}
