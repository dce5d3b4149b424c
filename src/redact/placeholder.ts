/** Tells what stands where a secret could and is none: stand-ins of documentation, and program code. Pure. */

/** `$VAR`, `<your key>`, `example`, `xxxx`: written to be replaced. */
export function isPlaceholder(value: string): boolean {
  const bare = value.replace(/^\\?["'`]+|\\?["'`;,]+$/g, '')
  return (
    bare.length < 4 ||
    /^(?:[$%@][A-Za-z_{(]|<|\{\{?|\[|\(|#\{|%\(|\\?\$)/.test(bare) ||
    /[>}\])]$/.test(bare) ||
    /\$\{|\$\(|\{\{|<[a-z_ -]+>/i.test(bare) ||
    /example|placeholder|change[_-]?me|change[_-]?it|your[_-]|[_-]here|dummy|redacted|sample|foobar|lorem/i.test(
      bare,
    ) ||
    /^(?:my|the|a|some|test|fake|invalid|wrong)[_-]?(?:super)?[_-]?(?:secret|token|password|passwd|key|api[_-]?key|pass)s?\d{0,3}$/i.test(
      bare,
    ) ||
    /^(?:secret|token|password|passwd|pass|pwd|user|username|admin|root|null|none|nil|true|false|undefined|string|test|default|unset|empty|required|optional|hidden|unknown|bearer|basic)\d{0,3}$/i.test(
      bare,
    ) ||
    /x{4}|\*{3}|\.{3}|•{2}|-{4}|_{4}|…/i.test(bare) ||
    /^(.)\1*$/.test(bare) ||
    /^(?:0123456789|1234567890|abcdef|qwerty)/i.test(bare)
  )
}

/** Expressions, paths, types and names of things, which are no values. */
export function looksLikeCode(value: string): boolean {
  const bare = value.replace(/^\\?["'`]+|\\?["'`;,]+$/g, '')
  return (
    /[(){}[\]]|=>|::|->|&&|\|\||\?\?|\+=/.test(bare) ||
    /^(?:this|self|process|os|env|import|config|ctx|req|res|request|options|opts|args|params|props|state|settings|await|new|typeof|return|function|const|let|var)\b[.\s]/.test(
      bare,
    ) ||
    // A name, or names joined by dots: `accessToken`, `API_TOKEN`, `user.password`.
    /^[A-Za-z_$][A-Za-z_$]*(?:[.-][A-Za-z_$]+)*\??$/.test(bare) ||
    // Names of types and codings, which have numbers.
    /^(?:u?int|biguint|bigint|float|utf-?|base|sha-?|md|aes-?|ed|rsa-?|[hre]s|x|v|oauth|ipv)\d+\w*$/i.test(
      bare,
    ) ||
    /^(?:\.{0,2}\/|~\/|[A-Za-z]:[\\/]|\\\\)/.test(bare) ||
    /^https?:\/\//.test(bare) ||
    /^[~^<>=v]*\d+(?:\.[\dx*]+)+(?:[-+][\w.]+)?$/.test(bare) ||
    /^-?\d+(?:\.\d+)*(?:px|ms|s|m|h|d|em|%|k|kb|mb)?$/i.test(bare) ||
    /\.(?:tsx?|jsx?|mjs|json|py|rb|go|rs|md|txt|ya?ml|toml|pem|key|crt|env|sh)$/i.test(bare)
  )
}
