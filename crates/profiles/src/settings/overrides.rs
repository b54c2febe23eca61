//! What stands above the settings file.

/// Holds what was given for one run, in the place of settings.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub(super) client_id: Option<String>,
    pub(super) tenant: Option<String>,
}

impl Overrides {
    /// Gives the client id, above the variable and the settings.
    #[must_use]
    pub fn with_client_id(self, client_id: impl Into<String>) -> Self {
        Self { client_id: Some(client_id.into()), ..self }
    }

    /// Gives the tenant to act for, above the settings.
    #[must_use]
    pub fn with_tenant(self, tenant: impl Into<String>) -> Self {
        Self { tenant: Some(tenant.into()), ..self }
    }
}
