//! Who may do what to an instance.

use super::{BASE, everywhere, json_to, path, post, started};
use crate::helpers::client::KEY;
use crate::helpers::deployment::Setting;

#[tokio::test]
async fn a_code_opens_one_instance_and_no_other() {
    everywhere(async |client, deployment, _| {
        let one = started(client, "wait", "null").await;
        let other = started(client, "wait", "null").await;
        let status = path(deployment, &one, "statusQueryGetUri", "");
        assert_eq!(client.get(&status).await.status, 202);
        let (_, code) = status.rsplit_once("code=").unwrap();
        assert_eq!(code.len(), 43);
        let id = other["id"].as_str().unwrap();
        for what in [
            "",
            "/terminate",
            "/suspend",
            "/restart",
            "/raiseEvent/Approved",
        ] {
            for query in [
                format!("?code={code}"),
                "?code=".to_owned(),
                "?code=%FF".to_owned(),
                String::new(),
            ] {
                let path = format!("{BASE}/instances/{id}{what}{query}");
                let reply = match what {
                    "" => client.get(&path).await,
                    _ => post(client, &path).await,
                };
                assert_eq!(reply.status, 401, "{path}");
                assert_eq!(reply.problem().0, "InvalidKey");
            }
        }
        // Nor does it tell whether there is another.
        let unknown = client
            .get(&format!("{BASE}/instances/nope?code={code}"))
            .await;
        assert_eq!(unknown.status, 401);
    })
    .await;
}

#[tokio::test]
async fn what_is_about_all_instances_needs_the_key() {
    everywhere(async |client, deployment, _| {
        let one = started(client, "wait", "null").await;
        let status = path(deployment, &one, "statusQueryGetUri", "");
        let (_, code) = status.rsplit_once("code=").unwrap();
        let from = "createdTimeFrom=2020-01-01T00:00:00Z";
        for (method, path) in [
            ("GET", "instances"),
            ("DELETE", "instances"),
            ("POST", "orchestrators/chain"),
            ("POST", "orchestrators/chain/mine"),
        ] {
            for query in [
                from.to_owned(),
                format!("{from}&code={code}"),
                format!("{from}&code=wrong"),
            ] {
                let path = format!("{BASE}/{path}?{query}");
                let reply = client.send(client.request(method, &path)).await;
                assert_eq!(reply.status, 401, "{method} {path}");
            }
        }
        let own = client.request("POST", "/api/orchestrators/chain/mine");
        assert_eq!(client.send(own).await.status, 401);
        for keyed in [
            client.keyed("GET", "/api/durabletask/instances"),
            client.request(
                "GET",
                &format!("{BASE}/instances?code={}", KEY.replace(' ', "+")),
            ),
        ] {
            assert_eq!(client.send(keyed).await.status, 200);
        }
    })
    .await;
}

#[tokio::test]
async fn links_lead_where_the_client_came_from() {
    everywhere(async |client, deployment, setting| {
        let uris = started(client, "wait", "null").await;
        let status = path(deployment, &uris, "statusQueryGetUri", "");
        let alias = "/runtime/webhooks/durabletask/";
        assert_eq!(
            status.starts_with(alias),
            setting != Setting::Hosted,
            "{status}"
        );
        let own = json_to(
            client.keyed("POST", &format!("{BASE}/orchestrators/wait")),
            "1",
        );
        let uris = client.send(own).await.json();
        let status = path(deployment, &uris, "statusQueryGetUri", "");
        assert!(
            status.starts_with("/api/durabletask/instances/"),
            "{status}"
        );
        let shown = client.get(&status).await;
        let location = deployment.path_of(shown.header("location").unwrap());
        assert_eq!(location, status);
        // Case does not matter, nor a slash at the end.
        let (before, query) = status.split_once('?').unwrap();
        let odd = before.replace("/durabletask/instances", "/DurableTask/Instances");
        assert_eq!(client.get(&format!("{odd}/?{query}")).await.status, 202);
    })
    .await;
}
