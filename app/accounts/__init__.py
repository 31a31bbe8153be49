"""How companies and people come in: sign-up, invitations, own account, onboarding, papers, approval.

models      Invitation, Paper, Review, TermsAcceptance
checklist   what is done and what is missing before the operator looks
papers      bytes of documents: local folder or any store pyarrow.fs opens; content decides the type
service/    found_company, invite, accept_invitation, revoke_invitation, keep_paper, accept_terms, submit, decide
signals     session rows and audit events that follow Flask-Security's acts
"""
