//! A refusal taken apart.

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetail, StatusExt as _};

/// What a refused caller sees.
#[derive(Debug)]
pub struct Refusal {
    /// The status code.
    pub code: Code,
    /// The reason, as `SOLD_OUT`.
    pub reason: String,
    /// Data by key.
    pub metadata: HashMap<String, String>,
    /// What a till shows, in Chinese.
    pub text_zh: String,
    /// The same in English.
    pub text_en: String,
}

impl Refusal {
    /// Takes apart a status, which must carry a reason of ours and texts in both languages.
    pub fn of(status: &Status) -> Self {
        let info = status.get_details_error_info();
        let info = info.unwrap_or_else(|| panic!("{status:?} carries no reason"));
        assert_eq!(info.domain, "zhisong");
        let details = status.get_error_details_vec();
        let text = |locale: &str| {
            let mut texts = details.iter().filter_map(|detail| match detail {
                ErrorDetail::LocalizedMessage(text) if text.locale == locale => Some(text),
                _ => None,
            });
            let text = texts.next().unwrap_or_else(|| panic!("{status:?} has no {locale} text"));
            text.message.clone()
        };
        let (text_zh, text_en) = (text("zh-CN"), text("en"));
        Self { code: status.code(), reason: info.reason, metadata: info.metadata, text_zh, text_en }
    }

    /// The value of a metadata key that must be there.
    pub fn value(&self, key: &str) -> &str {
        self.metadata.get(key).unwrap_or_else(|| panic!("{self:?} lacks {key}"))
    }
}
