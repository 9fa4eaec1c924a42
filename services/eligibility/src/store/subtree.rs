use member_identity::OrganizationPath;

/// An organization and all below it, as bounds of its text: `/` is followed by `0`, so what begins
/// with `gd/` lies between `gd/` and `gd0`.
pub(super) struct Subtree {
    pub(super) path: Option<String>,
    pub(super) first: Option<String>,
    pub(super) end: Option<String>,
}

impl Subtree {
    pub(super) fn of(below: Option<&OrganizationPath>) -> Self {
        Self {
            path: below.map(OrganizationPath::to_string),
            first: below.map(|path| format!("{path}/")),
            end: below.map(|path| format!("{path}0")),
        }
    }
}
