# What can be said of grants by their text alone: who is granted what by which statement.
package grants

import rego.v1

sensitive := ["monitoring_*", "hr_*", "security_vault", "crm"]

allowed := {"ROLE": {"hr_payroll", "hr_benefits", "security"}, "USER": {"svc_hr_etl", "svc_crm_etl"}}

deny contains {"statement": grant.statement, "principal": grant.principal} if {
	some grant in input.grants
	grant.verb == "GRANT"
	some pattern in sensitive
	glob.match(pattern, [], grant.database)
	not grant.principal in allowed[grant.kind]
}

deny contains {"statement": grant.statement, "principal": grant.principal} if {
	some grant in input.grants
	grant.verb == "GRANT"
	grant.principal == "public"
}
