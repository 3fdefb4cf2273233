//! Keys for scripts.

use domain::{
    ApiKeyId,
    account::ApiKey,
    api::api_key::{CreateKey, CreatedKey},
    page::Paged,
};

use super::{Api, ApiError, Request, paging::PART};

impl Api {
    pub async fn api_keys(&self, offset: u64) -> Result<Paged<ApiKey>, ApiError> {
        let request = Request::get("/api-keys")
            .query("offset", &offset.to_string())
            .query("limit", &PART.to_string());
        self.send(request).await
    }

    pub async fn create_api_key(&self, key: CreateKey) -> Result<CreatedKey, ApiError> {
        self.send(Request::post("/api-keys").json(&key)).await
    }

    pub async fn delete_api_key(&self, key: ApiKeyId) -> Result<(), ApiError> {
        self.send(Request::delete(&format!("/api-keys/{key}"))).await
    }
}
