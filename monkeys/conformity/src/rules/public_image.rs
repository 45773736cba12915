//! Images that anybody can start.

use simian_core::Severity;
use simian_core::resource::Image;

use crate::ground::Asked;
use crate::parameters::Parameters;
use crate::rule::{Judge, Judgement, Rule, Standard};

pub(super) const RULE: Rule = Rule {
    id: "public-image",
    title: "No image is public",
    why_it_matters: "Anybody with an AWS account can start it and read what was baked into it: code, configuration, \
                     keys.",
    severity: Severity::Critical,
    standards: &[Standard::Prowler("ec2_ami_public")],
    remedy: "Take away the image's launch permission for everybody, and take every secret in it for known; exempt it \
             if you publish it on purpose",
    needs: &[],
    parameters: Parameters::default,
    judge: Judge::Image(judge),
};

fn judge(image: &Image, _: &Asked<'_>) -> Judgement {
    Judgement::fail_if(image.public, || "everybody may start it".into())
}

#[cfg(test)]
mod tests {
    use simian_core::resource::About;

    use super::*;
    use crate::testing::{Scene, evidence, image, resource};

    #[test]
    fn public_fails() {
        let scene = Scene::new().with([resource("ami-2", About::Image(Image { public: true, ..image() }))]);
        assert_eq!(scene.ask(&RULE, "ami-1"), Judgement::Pass);
        assert_eq!(evidence(scene.ask(&RULE, "ami-2")), "everybody may start it");
    }
}
