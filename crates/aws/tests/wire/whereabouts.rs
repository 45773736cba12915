//! Which instance we run on, by the metadata service.

use std::net::TcpListener;

use serde_json::json;
use simian_core::fleet::InstanceId;
use simian_core::ports::{Cause, Cloud};

use super::{account, on_the_wire};

const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";

#[test]
fn the_metadata_service_says_who_we_are() {
    on_the_wire("whereabouts::the_metadata_service_says_who_we_are", &[], |moto| async move {
        let account = account().await;
        assert_eq!(account.ourselves().await, Ok(None), "no service: everything is 404");
        let id = "i-0a1b2c3d4e5f60718";
        moto.control("POST", "imds", &json!({ "enabled": true, "instance_id": id }));
        assert_eq!(account.ourselves().await, Ok(Some(InstanceId::new(id))));
        moto.control("POST", "imds", &json!({ "enabled": true, "instance_id": "vm-7" }));
        let error = account.ourselves().await.unwrap_err();
        assert_eq!(error.cause, Cause::Malformed);
        assert!(error.message.contains("AWS_EC2_METADATA_DISABLED=true"), "{error}");
        assert_eq!(moto.calls()["total"], 0);
    });
}

#[test]
fn it_can_be_switched_off() {
    let settings = [("AWS_EC2_METADATA_DISABLED", "True")];
    on_the_wire("whereabouts::it_can_be_switched_off", &settings, |moto| async move {
        moto.control("POST", "imds", &json!({ "enabled": true }));
        assert_eq!(account().await.ourselves().await, Ok(None));
    });
}

#[test]
fn nobody_there_is_not_on_ec2() {
    let settings = [(ENDPOINT, "http://127.0.0.1:1")];
    on_the_wire("whereabouts::nobody_there_is_not_on_ec2", &settings, |_| async {
        assert_eq!(account().await.ourselves().await, Ok(None));
    });
}

/// What a container sees on an instance with a hop limit of 1: the connection stands, the answer never arrives.
#[test]
fn silence_is_not_knowing() {
    // In the child too, where it is a second listener that nobody calls.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", deaf.local_addr().unwrap());
    on_the_wire("whereabouts::silence_is_not_knowing", &[(ENDPOINT, &endpoint)], |_| async {
        let error = account().await.ourselves().await.unwrap_err();
        assert_eq!(error.cause, Cause::Timeout);
        assert!(error.message.contains("hop limit 2"), "{error}");
    });
}

/// A proxy would be asked, and answer, for an instance of its own.
#[test]
fn a_proxy_is_not_asked() {
    let settings = [
        ("HTTP_PROXY", "http://127.0.0.1:1"),
        ("http_proxy", "http://127.0.0.1:1"),
        ("NO_PROXY", ""),
        ("no_proxy", ""),
    ];
    on_the_wire("whereabouts::a_proxy_is_not_asked", &settings, |moto| async move {
        moto.control("POST", "imds", &json!({ "enabled": true, "instance_id": "i-0a1b2c3d4e5f60718" }));
        let account = account().await;
        assert_eq!(account.ourselves().await, Ok(Some(InstanceId::new("i-0a1b2c3d4e5f60718"))));
        // Calls do go by the proxy, and it is not there.
        assert_eq!(account.identity().await.unwrap_err().cause, Cause::Unreachable);
    });
}
