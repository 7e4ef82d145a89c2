#include "columns/lookahead.h"

namespace penstock {

void Lookahead::add_int(std::int64_t value) {
  has_int_ = true;
  ints_fit_double_ = ints_fit_double_ && fits_double(value);
  values_.push_back({ValueKind::kInt, value, 0, 0, 0});
}

void Lookahead::add_real(double value) {
  has_real_ = true;
  values_.push_back({ValueKind::kReal, 0, value, 0, 0});
}

void Lookahead::add_bytes(ValueKind kind, const char* bytes, std::int64_t size) {
  (kind == ValueKind::kText ? has_text_ : has_blob_) = true;
  values_.push_back({kind, 0, 0, bytes_.size(), static_cast<std::size_t>(size)});
  bytes_.append(bytes, static_cast<std::size_t>(size));
}

TypeName Lookahead::decide() const {
  using Kind = TypeName::Kind;
  if (preferred_) {
    ValueWriter trial({"", "", OnLossy::kNull}, *preferred_);
    trial.start(rows());
    replay(trial);
    return trial.lossy().nulled == 0 ? *preferred_ : TypeName{Kind::kText};
  }
  const bool number = has_int_ || has_real_;
  if (has_blob_ && !number) return {Kind::kBinary};
  if (has_text_ || has_blob_ || !number) return {Kind::kText};
  if (!has_real_) return {Kind::kInt64};
  if (has_int_ && !ints_fit_double_) return {Kind::kText};
  return {Kind::kFloat64};
}

void Lookahead::replay(ValueWriter& writer) const {
  std::int64_t row = 0;
  for (const Stored& value : values_) {
    const char* bytes = bytes_.data() + value.offset;
    const auto size = static_cast<std::int64_t>(value.size);
    switch (value.kind) {
      case ValueKind::kNull:
        writer.set_null(row);
        break;
      case ValueKind::kInt:
        writer.set_int(row, value.integer);
        break;
      case ValueKind::kReal:
        writer.set_real(row, value.real);
        break;
      case ValueKind::kText:
        writer.set_text(row, bytes, size);
        break;
      case ValueKind::kBlob:
        writer.set_blob(row, bytes, size);
        break;
    }
    ++row;
  }
}

}  // namespace penstock
