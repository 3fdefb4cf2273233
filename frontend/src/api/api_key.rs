//! Keys for scripts.

use domain::{
    ApiKeyId, ProjectId, Secret, Set, Timestamp, access::KeyScope, account::ApiKey, project::Paged,
};
use serde::{Deserialize, Serialize};

use super::{Api, ApiError, Request, paging::PART};

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewKey {
    pub description: String,
    pub scopes: Set<KeyScope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
}

/// A key just made: the only time that its token is shown.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct CreatedKey {
    #[serde(flatten)]
    pub key: ApiKey,
    pub token: Secret,
}

impl Api {
    pub async fn api_keys(&self, offset: u64) -> Result<Paged<ApiKey>, ApiError> {
        let request = Request::get("/api-keys")
            .query("offset", &offset.to_string())
            .query("limit", &PART.to_string());
        self.send(request).await
    }

    pub async fn create_api_key(&self, key: NewKey) -> Result<CreatedKey, ApiError> {
        self.send(Request::post("/api-keys").json(&key)).await
    }

    pub async fn delete_api_key(&self, key: ApiKeyId) -> Result<(), ApiError> {
        self.send(Request::delete(&format!("/api-keys/{key}"))).await
    }
}
