//! The OpenAPI document: the parts common to all routes, and a stable order of keys for the snapshot.

use http::StatusCode;
use outrigger_api_types::problem::{FieldProblem, Problem};
use serde_json::Value;
use utoipa::openapi::{
    Components, ComponentsBuilder, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    ResponseBuilder, SecurityRequirement,
    path::Operation,
    schema::{KnownFormat, Schema, SchemaFormat, SchemaType, Type},
    security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
};

const BEARER: &str = "token";
const COOKIE: &str = "session";

/// Creates the document without routes.
pub(crate) fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Outrigger")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The production companion of a web application. `x-scope` is the scope that a route requires (`signed-in`: any \
             session or token; null: none), `x-risk` is its risk level, `x-audit` is its action in the audit log, and \
             `x-idempotency-key` means that it accepts an `Idempotency-Key` header.",
        ))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components()))
        .security(Some([
            SecurityRequirement::new(BEARER, Vec::<String>::new()),
            SecurityRequirement::new(COOKIE, Vec::<String>::new()),
        ]))
        .build()
}

fn components() -> Components {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("`Bearer otr_…`"))
        .build();
    let name = "`__Host-outrigger` on https, `outrigger_<port>` on plain loopback";
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description("__Host-outrigger", name));
    ComponentsBuilder::new()
        .schema_from::<Problem>()
        .schema_from::<FieldProblem>()
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
        .security_scheme(COOKIE, SecurityScheme::ApiKey(cookie))
        .build()
}

/// Adds the description that the format requires to every response, the problem schema to every error, and the format of ids.
pub(crate) fn complete(operation: &mut Operation) {
    let parameters = operation.parameters.iter_mut().flatten();
    for parameter in parameters {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "id"
            && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
            && schema.schema_type == SchemaType::Type(Type::String)
        {
            schema.format = Some(SchemaFormat::KnownFormat(KnownFormat::Uuid));
        }
    }
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        let reason = status
            .parse()
            .ok()
            .and_then(|code: u16| StatusCode::from_u16(code).ok()?.canonical_reason());
        if response.description.is_empty() {
            response.description = reason.unwrap_or("A response").to_owned();
        }
    }
    let problem = Content::new(Some(Ref::from_schema_name("Problem")));
    let any = ResponseBuilder::new()
        .description("Any error")
        .content("application/problem+json", problem)
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::T(any));
}

/// Returns the document as JSON. Keys are sorted, because extensions are in a hash map and the output must be deterministic.
pub(crate) fn to_json(document: &OpenApi) -> Value {
    let mut json = serde_json::to_value(document).expect("a document built from types serialises");
    json.sort_all_objects();
    json
}

#[cfg(test)]
mod tests {
    use crate::routes;

    #[test]
    fn every_response_has_a_description_and_every_route_an_error_response() {
        let document = super::to_json(&routes::table().into_parts().1);

        for (path, operations) in document["paths"].as_object().expect("there are paths") {
            for (method, operation) in operations.as_object().expect("there are operations") {
                let responses = operation["responses"]
                    .as_object()
                    .expect("there are responses");
                assert!(responses.contains_key("default"), "{method} {path}");
                for (status, response) in responses {
                    assert!(
                        response["description"].is_string(),
                        "{method} {path} {status}"
                    );
                }
                assert!(
                    operation["summary"].is_string(),
                    "{method} {path} has no summary"
                );
            }
        }
    }

    #[test]
    fn every_post_that_creates_something_accepts_an_idempotency_key() {
        let document = super::to_json(&routes::table().into_parts().1);
        let paths = document["paths"].as_object().expect("there are paths");
        let creators: Vec<_> = paths
            .iter()
            .filter(|(_, operations)| operations["post"]["responses"]["201"].is_object())
            .collect();

        assert!(creators.len() >= 4, "{creators:?}");
        for (path, operations) in creators {
            assert_eq!(
                operations["post"]["x-idempotency-key"], true,
                "POST {path} returns 201, but its guard lacks `.creates()`"
            );
        }
    }

    /// Method, path and operation of every route.
    fn operations() -> Vec<(String, String, serde_json::Value)> {
        let document = super::to_json(&routes::table().into_parts().1);
        let paths = document["paths"].as_object().expect("there are paths");
        let of_path = |(path, operations): (&String, &serde_json::Value)| {
            let operations = operations
                .as_object()
                .expect("there are operations")
                .clone();
            let path = path.clone();
            operations
                .into_iter()
                .map(move |(method, operation)| (method, path.clone(), operation))
        };
        paths.iter().flat_map(of_path).collect()
    }

    #[test]
    fn every_route_with_a_risk_is_audited_under_its_capability() {
        for (method, path, operation) in operations() {
            let tag = operation["tags"][0]
                .as_str()
                .expect("every route has a tag");
            let audit = operation["x-audit"].as_str();

            assert!(
                operation["x-risk"] == "safe" || audit.is_some(),
                "{method} {path} is {} and has no `x-audit`",
                operation["x-risk"]
            );
            assert!(
                audit.is_none_or(|action| action.starts_with(&format!("{tag}."))),
                "{method} {path} is tagged `{tag}` and audited as {audit:?}"
            );
        }
    }

    #[test]
    fn every_method_except_get_requires_permission_to_change_something() {
        const OPEN: [&str; 2] = ["/api/v1/access/login", "/api/v1/access/login-link"];
        for (method, path, operation) in operations() {
            let scope = operation["x-scope"].as_str();
            let may_change = match scope {
                Some("signed-in" | "ingest") => true,
                Some(scope) => [":write", ":*", ":work"]
                    .iter()
                    .any(|end| scope.ends_with(end)),
                None => OPEN.contains(&path.as_str()),
            };

            assert!(
                method == "get" || method == "head" || may_change,
                "{method} {path} requires {scope:?}, which does not permit changes"
            );
        }
    }

    #[test]
    fn messages_about_scopes_name_the_capabilities_of_the_routes() {
        let scopes = operations().into_iter().filter_map(|(_, _, operation)| {
            let scope = operation["x-scope"].as_str()?;
            let (capability, _) = scope.split_once(':')?;
            Some(capability.to_owned())
        });
        let used: std::collections::BTreeSet<String> = scopes.collect();

        assert!(
            used.iter().eq(&outrigger_access::PRESENT_CAPABILITIES),
            "{used:?}"
        );
    }

    /// The schemas of all parameters and body fields, with their places.
    fn inputs() -> Vec<(String, serde_json::Value)> {
        let document = super::to_json(&routes::table().into_parts().1);
        let mut found = Vec::new();
        for (method, path, operation) in operations() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let place = format!("{method} {path} {}", parameter["name"]);
                found.push((place, parameter["schema"].clone()));
            }
            let body = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let Some(name) = body.as_str().and_then(|name| name.rsplit('/').next()) else {
                continue;
            };
            let schema = &document["components"]["schemas"][name];
            for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
                found.push((format!("{name}.{field}"), schema.clone()));
            }
        }
        found
    }

    #[test]
    fn every_number_in_a_request_has_a_range_and_every_id_the_format_uuid() {
        let inputs = inputs();

        assert!(inputs.len() > 20, "{inputs:?}");
        for (place, schema) in inputs {
            let is_number = schema["type"].to_string().contains("integer");
            assert!(
                !is_number || (schema["minimum"].is_number() && schema["maximum"].is_number()),
                "{place}: {schema}"
            );
            assert!(
                !place.ends_with("\"id\"") || schema["format"] == "uuid",
                "{place}: {schema}"
            );
        }
    }

    #[test]
    fn the_document_is_deterministic() {
        let once = super::to_json(&routes::table().into_parts().1).to_string();

        assert_eq!(
            super::to_json(&routes::table().into_parts().1).to_string(),
            once
        );
    }
}
