#include "server/api/swagger.h"

const struct swagger_def swagger_defs[] = {
	{ "APIError", "message:str,url:str" },
	{ "AccessToken",
	    "created_at:time,id:int,last_used_at:time,name:str,"
	    "scopes:str[],sha1:str,token_last_eight:str,"
	    "expires_at:time" },
	{ "AddCollaboratorOption", "permission:str(read|write|admin)" },
	{ "AnnotatedTag",
	    "message:str,object:AnnotatedTagObject,sha:str,tag:str,"
	    "tagger:CommitUser,url:str,"
	    "verification:PayloadCommitVerification" },
	{ "AnnotatedTagObject", "sha:str,type:str,url:str" },
	{ "Attachment",
	    "browser_download_url:str,created_at:time,"
	    "download_count:int,id:int,name:str,size:int,uuid:str" },
	{ "Branch",
	    "commit:PayloadCommit,"
	    "effective_branch_protection_name:str,"
	    "enable_status_check:bool,name:str,protected:bool,"
	    "required_approvals:int,status_check_contexts:str[],"
	    "user_can_merge:bool,user_can_push:bool" },
	{ "BranchProtection",
	    "id:int,approvals_whitelist_teams:str[],"
	    "approvals_whitelist_username:str[],"
	    "block_admin_merge_override:bool,"
	    "block_on_official_review_requests:bool,"
	    "block_on_outdated_branch:bool,"
	    "block_on_rejected_reviews:bool,branch_name:str,"
	    "bypass_allowlist_teams:str[],"
	    "bypass_allowlist_usernames:str[],created_at:time,"
	    "dismiss_stale_approvals:bool,"
	    "enable_approvals_whitelist:bool,"
	    "enable_bypass_allowlist:bool,enable_force_push:bool,"
	    "enable_force_push_allowlist:bool,"
	    "enable_merge_whitelist:bool,enable_push:bool,"
	    "enable_push_whitelist:bool,enable_status_check:bool,"
	    "enable_status_check_allowlist:bool,"
	    "force_push_allowlist_deploy_keys:bool,"
	    "force_push_allowlist_teams:str[],"
	    "force_push_allowlist_usernames:str[],"
	    "ignore_stale_approvals:bool,merge_whitelist_teams:str[],"
	    "merge_whitelist_usernames:str[],priority:int,"
	    "protected_file_patterns:str,"
	    "push_whitelist_deploy_keys:bool,"
	    "push_whitelist_teams:str[],"
	    "push_whitelist_usernames:str[],"
	    "require_signed_commits:bool,required_approvals:int,"
	    "rule_name:str,status_check_allowlist_teams:str[],"
	    "status_check_allowlist_usernames:str[],"
	    "status_check_contexts:str[],"
	    "test_merge_result:bool,unprotected_file_patterns:str,updated_at:"
	    "time,id:int" },
	{ "ChangeFileOperation",
	    "content:str,from_path:str,"
	    "operation:str(create|update|upload|rename|delete)!,"
	    "path:str!,sha:str" },
	{ "ChangeFilesOptions",
	    "author:Identity,branch:str,committer:Identity,"
	    "dates:CommitDateOptions,files:ChangeFileOperation[]!,"
	    "force_push:bool,message:str,new_branch:str,signoff:bool" },
	{ "ChangedFile",
	    "additions:int,changes:int,contents_url:str,"
	    "deletions:int,filename:str,html_url:str,"
	    "previous_filename:str,raw_url:str,status:str,binary:bool" },
	{ "CombinedStatus",
	    "commit_url:str,repository:Repository,sha:str,"
	    "state:str(pending|success|error|failure|warning|skipped),"
	    "statuses:CommitStatus[],total_count:int,url:str" },
	{ "Comment",
	    "assets:Attachment[],body:str,created_at:time,"
	    "html_url:str,id:int,issue_url:str,original_author:str,"
	    "original_author_id:int,pull_request_url:str,"
	    "updated_at:time,user:User,run:int" },
	{ "Commit",
	    "author:User,commit:RepoCommit,committer:User,"
	    "created:time,files:CommitAffectedFiles[],html_url:str,"
	    "parents:CommitMeta[],sha:str,stats:CommitStats,url:str" },
	{ "CommitAffectedFiles", "filename:str,status:str" },
	{ "CommitDateOptions", "author:time,committer:time" },
	{ "CommitMeta", "created:time,sha:str,url:str" },
	{ "CommitStats", "additions:int,deletions:int,total:int" },
	{ "CommitStatus",
	    "context:str,created_at:time,creator:User,"
	    "description:str,id:int,"
	    "status:str(pending|success|error|failure|warning|skipped),"
	    "target_url:str,updated_at:time,url:str,state:str" },
	{ "CommitUser", "date:str,email:str,name:str" },
	{ "Compare", "commits:Commit[],total_commits:int" },
	{ "ContentsResponse",
	    "_links:FileLinksResponse,content:str,download_url:str,"
	    "encoding:str,git_url:str,html_url:str,"
	    "last_author_date:time,last_commit_message:str,"
	    "last_commit_sha:str,last_committer_date:time,"
	    "lfs_oid:str,lfs_size:int,name:str,path:str,sha:str,"
	    "size:int,submodule_git_url:str,target:str,type:str,"
	    "url:str" },
	{ "CreateAccessTokenOption", "name:str!,scopes:str[],expires_at:time" },
	{ "CreateBranchProtectionOption",
	    "approvals_whitelist_teams:str[],"
	    "approvals_whitelist_username:str[],"
	    "block_admin_merge_override:bool,"
	    "block_on_official_review_requests:bool,"
	    "block_on_outdated_branch:bool,"
	    "block_on_rejected_reviews:bool,branch_name:str,"
	    "bypass_allowlist_teams:str[],"
	    "bypass_allowlist_usernames:str[],"
	    "dismiss_stale_approvals:bool,"
	    "enable_approvals_whitelist:bool,"
	    "enable_bypass_allowlist:bool,enable_force_push:bool,"
	    "enable_force_push_allowlist:bool,"
	    "enable_merge_whitelist:bool,enable_push:bool,"
	    "enable_push_whitelist:bool,enable_status_check:bool,"
	    "enable_status_check_allowlist:bool,"
	    "force_push_allowlist_deploy_keys:bool,"
	    "force_push_allowlist_teams:str[],"
	    "force_push_allowlist_usernames:str[],"
	    "ignore_stale_approvals:bool,merge_whitelist_teams:str[],"
	    "merge_whitelist_usernames:str[],priority:int,"
	    "protected_file_patterns:str,"
	    "push_whitelist_deploy_keys:bool,"
	    "push_whitelist_teams:str[],"
	    "push_whitelist_usernames:str[],"
	    "require_signed_commits:bool,required_approvals:int,"
	    "rule_name:str,status_check_allowlist_teams:str[],"
	    "status_check_allowlist_usernames:str[],"
	    "status_check_contexts:str[],"
	    "test_merge_result:bool,unprotected_file_patterns:str" },
	{ "CreateBranchRepoOption",
	    "new_branch_name:str!,old_branch_name:str,old_ref_name:str" },
	{ "CreateFileOptions",
	    "author:Identity,branch:str,committer:Identity,"
	    "content:str!,dates:CommitDateOptions,force_push:bool,"
	    "message:str,new_branch:str,signoff:bool" },
	{ "CreateHookOption",
	    "active:bool,authorization_header:str,branch_filter:str,"
	    "config:CreateHookOptionConfig!,events:str[],name:str,"
	    "type:str(dingtalk|discord|gitea|gogs|msteams|slack|telegram|"
	    "feishu|wechatwork|packagist)!" },
	{ "CreateHookOptionConfig", "" },
	{ "CreateIssueCommentOption", "body:str!" },
	{ "CreateIssueOption",
	    "assignee:str,assignees:str[],body:str,closed:bool,"
	    "due_date:time,labels:int[],milestone:int,projects:int[],"
	    "ref:str,title:str!" },
	{ "CreateLabelOption",
	    "color:str!,description:str,exclusive:bool,"
	    "is_archived:bool,name:str!" },
	{ "CreateMilestoneOption",
	    "description:str,due_on:time,state:str(open|closed),title:str" },
	{ "CreatePullRequestOption",
	    "allow_maintainer_edit:bool,assignee:str,assignees:str[],"
	    "base:str,body:str,due_date:time,head:str,labels:int[],"
	    "milestone:int,reviewers:str[],team_reviewers:str[],"
	    "title:str" },
	{ "CreatePullReviewComment",
	    "body:str,new_position:int,old_position:int,path:str" },
	{ "CreatePullReviewCommentReplyOptions", "body:str" },
	{ "CreatePullReviewOptions",
	    "body:str,comments:CreatePullReviewComment[],"
	    "commit_id:str,"
	    "event:str(APPROVED|PENDING|COMMENT|REQUEST_CHANGES|REQUEST_"
	    "REVIEW)" },
	{ "CreateForkOption", "name:str,organization:str" },
	{ "CreateRepoOption",
	    "auto_init:bool,default_branch:str,description:str,"
	    "gitignores:str,issue_labels:str,license:str,name:str!,"
	    "object_format_name:str(sha1|sha256),private:bool,"
	    "readme:str,template:bool,"
	    "trust_model:str(default|collaborator|committer|"
	    "collaboratorcommitter)" },
	{ "CreateStatusOption",
	    "context:str,description:str,"
	    "state:str(pending|success|error|failure|warning|skipped),"
	    "target_url:str" },
	{ "CreateTagOption", "message:str,tag_name:str!,target:str" },
	{ "CreateUserOption",
	    "created_at:time,email:str!,full_name:str,login_name:str,"
	    "must_change_password:bool,password:str,restricted:bool,"
	    "send_notify:bool,source_id:int,username:str!,"
	    "visibility:str(public|limited|private)" },
	{ "CurrentAccessToken",
	    "created_at:time,id:int,last_used_at:time,name:str,"
	    "scopes:str[],user:UserMeta,expires_at:time" },
	{ "DeleteFileOptions",
	    "author:Identity,branch:str,committer:Identity,"
	    "dates:CommitDateOptions,force_push:bool,message:str,"
	    "new_branch:str,sha:str!,signoff:bool" },
	{ "DismissPullReviewOptions", "message:str,priors:bool" },
	{ "EditAttachmentOptions", "name:str" },
	{ "EditBranchProtectionOption",
	    "approvals_whitelist_teams:str[],"
	    "approvals_whitelist_username:str[],"
	    "block_admin_merge_override:bool,"
	    "block_on_official_review_requests:bool,"
	    "block_on_outdated_branch:bool,"
	    "block_on_rejected_reviews:bool,"
	    "bypass_allowlist_teams:str[],"
	    "bypass_allowlist_usernames:str[],"
	    "dismiss_stale_approvals:bool,"
	    "enable_approvals_whitelist:bool,"
	    "enable_bypass_allowlist:bool,enable_force_push:bool,"
	    "enable_force_push_allowlist:bool,"
	    "enable_merge_whitelist:bool,enable_push:bool,"
	    "enable_push_whitelist:bool,enable_status_check:bool,"
	    "enable_status_check_allowlist:bool,"
	    "force_push_allowlist_deploy_keys:bool,"
	    "force_push_allowlist_teams:str[],"
	    "force_push_allowlist_usernames:str[],"
	    "ignore_stale_approvals:bool,merge_whitelist_teams:str[],"
	    "merge_whitelist_usernames:str[],priority:int,"
	    "protected_file_patterns:str,"
	    "push_whitelist_deploy_keys:bool,"
	    "push_whitelist_teams:str[],"
	    "push_whitelist_usernames:str[],"
	    "require_signed_commits:bool,required_approvals:int,"
	    "status_check_allowlist_teams:str[],"
	    "status_check_allowlist_usernames:str[],"
	    "status_check_contexts:str[],"
	    "test_merge_result:bool,unprotected_file_patterns:str" },
	{ "EditHookOption",
	    "active:bool,authorization_header:str,branch_filter:str,"
	    "config:map,events:str[],name:str" },
	{ "EditIssueCommentOption", "body:str!" },
	{ "EditIssueOption",
	    "assignee:str,assignees:str[],body:str,"
	    "content_version:int,due_date:time,milestone:int,"
	    "projects:int[],ref:str,state:str,title:str,"
	    "unset_due_date:bool" },
	{ "EditLabelOption",
	    "color:str,description:str,exclusive:bool,"
	    "is_archived:bool,name:str" },
	{ "EditMilestoneOption",
	    "description:str,due_on:time,state:str(open|closed),title:str" },
	{ "EditPullRequestOption",
	    "allow_maintainer_edit:bool,assignee:str,assignees:str[],"
	    "base:str,body:str,content_version:int,due_date:time,"
	    "labels:int[],milestone:int,state:str,title:str,"
	    "unset_due_date:bool" },
	{ "EditReactionOption", "content:str" },
	{ "EditRepoOption",
	    "allow_fast_forward_only_merge:bool,"
	    "allow_manual_merge:bool,allow_merge_commits:bool,"
	    "allow_merge_update:bool,allow_rebase:bool,"
	    "allow_rebase_explicit:bool,allow_rebase_update:bool,"
	    "allow_squash_merge:bool,archived:bool,"
	    "autodetect_manual_merge:bool,"
	    "default_allow_maintainer_edit:bool,default_branch:str,"
	    "default_delete_branch_after_merge:bool,"
	    "default_merge_style:str,default_update_style:str,"
	    "description:str,enable_prune:bool,"
	    "external_tracker:ExternalTracker,"
	    "external_wiki:ExternalWiki,has_actions:bool,"
	    "has_code:bool,has_issues:bool,has_packages:bool,"
	    "has_projects:bool,has_pull_requests:bool,"
	    "has_releases:bool,has_wiki:bool,"
	    "ignore_whitespace_conflicts:bool,"
	    "internal_tracker:InternalTracker,mirror_interval:str,"
	    "mirror_password:str,mirror_token:str,"
	    "mirror_username:str,name:str,private:bool,"
	    "projects_mode:str,template:bool,website:str" },
	{ "EditUserOption",
	    "active:bool,admin:bool,allow_create_organization:bool,"
	    "allow_git_hook:bool,allow_import_local:bool,"
	    "description:str,email:str,full_name:str,location:str,"
	    "login_name:str!,max_repo_creation:int,"
	    "must_change_password:bool,password:str,"
	    "prohibit_login:bool,restricted:bool,source_id:int!,"
	    "visibility:str(public|limited|private),website:str" },
	{ "Email",
	    "email:str,primary:bool,user_id:int,username:str,verified:bool" },
	{ "ExternalTracker",
	    "external_tracker_format:str,"
	    "external_tracker_regexp_pattern:str,"
	    "external_tracker_style:str,external_tracker_url:str" },
	{ "ExternalWiki", "external_wiki_url:str" },
	{ "FileCommitResponse",
	    "author:CommitUser,committer:CommitUser,created:time,"
	    "html_url:str,message:str,parents:CommitMeta[],sha:str,"
	    "tree:CommitMeta,url:str" },
	{ "FileDeleteResponse",
	    "commit:FileCommitResponse,content:any,"
	    "verification:PayloadCommitVerification" },
	{ "FileLinksResponse", "git:str,html:str,self:str" },
	{ "FileResponse",
	    "commit:FileCommitResponse,content:ContentsResponse,"
	    "verification:PayloadCommitVerification" },
	{ "FilesResponse",
	    "commit:FileCommitResponse,files:ContentsResponse[],"
	    "verification:PayloadCommitVerification" },
	{ "GeneralAPISettings",
	    "default_git_trees_per_page:int,"
	    "default_max_blob_size:int,default_max_response_size:int,"
	    "default_paging_num:int,max_response_items:int" },
	{ "GeneralAttachmentSettings",
	    "allowed_types:str,enabled:bool,max_files:int,max_size:int" },
	{ "GeneralRepoSettings",
	    "http_git_disabled:bool,lfs_disabled:bool,"
	    "migrations_disabled:bool,mirrors_disabled:bool,"
	    "stars_disabled:bool,time_tracking_disabled:bool" },
	{ "GeneralUISettings",
	    "allowed_reactions:str[],custom_emojis:str[],default_theme:str" },
	{ "GitBlobResponse",
	    "content:str,encoding:str,lfs_oid:str,lfs_size:int,"
	    "sha:str,size:int,url:str" },
	{ "GitEntry", "mode:str,path:str,sha:str,size:int,type:str,url:str" },
	{ "GitObject", "sha:str,type:str,url:str" },
	{ "GitTreeResponse",
	    "page:int,sha:str,total_count:int,tree:GitEntry[],"
	    "truncated:bool,url:str" },
	{ "Hook",
	    "active:bool,authorization_header:str,branch_filter:str,"
	    "config:map,created_at:time,events:str[],id:int,name:str,"
	    "type:str,updated_at:time,breaker:any?,"
	    "is_system_webhook:bool" },
	{ "Identity", "email:str,name:str" },
	{ "InternalTracker",
	    "allow_only_contributors_to_track_time:bool,"
	    "enable_issue_dependencies:bool,enable_time_tracker:bool" },
	{ "Issue",
	    "assets:Attachment[],assignee:User,assignees:User[],"
	    "body:str,closed_at:time,comments:int,"
	    "content_version:int,created_at:time,due_date:time,"
	    "html_url:str,id:int,is_locked:bool,labels:Label[],"
	    "milestone:Milestone,number:int,original_author:str,"
	    "original_author_id:int,pin_order:int,projects:Project[],"
	    "pull_request:PullRequestMeta,ref:str,"
	    "repository:RepositoryMeta,state:str(open|closed),"
	    "time_estimate:int,title:str,updated_at:time,url:str,"
	    "user:User" },
	{ "IssueAssigneesOption", "assignees:str[]" },
	{ "IssueLabelsOption", "labels:any[]" },
	{ "Label",
	    "color:str,description:str,exclusive:bool,id:int,"
	    "is_archived:bool,name:str,url:str" },
	{ "LockIssueOption", "lock_reason:str" },
	{ "MergePullRequestOption",
	    "delete_branch_after_merge:bool,"
	    "do:str(merge|rebase|rebase-merge|squash|fast-forward-only|"
	    "manually-merged)!,"
	    "force_merge:bool,force_reason:str,head_commit_id:str,"
	    "merge_commit_id:str,"
	    "merge_message_field:str,merge_title_field:str,"
	    "merge_when_checks_succeed:bool,Do:str" },
	{ "MigrateRepoOptions",
	    "auth_password:str,auth_token:str,auth_username:str,"
	    "aws_access_key_id:str,aws_secret_access_key:str,"
	    "clone_addr:str!,description:str,issues:bool,labels:bool,"
	    "lfs:bool,lfs_endpoint:str,milestones:bool,mirror:bool,"
	    "mirror_interval:str,private:bool,pull_requests:bool,"
	    "releases:bool,repo_name:str!,repo_owner:str,"
	    "service:str(git|github|gitea|gitlab|gogs|onedev|gitbucket|"
	    "codebase|codecommit),"
	    "uid:int,wiki:bool" },
	{ "Milestone",
	    "closed_at:time,closed_issues:int,created_at:time,"
	    "description:str,due_on:time,id:int,open_issues:int,"
	    "state:str(open|closed),title:str,updated_at:time" },
	{ "NewIssuePinsAllowed", "issues:bool,pull_requests:bool" },
	{ "NotificationCount", "new:int" },
	{ "NotificationSubject",
	    "html_url:str,latest_comment_html_url:str,"
	    "latest_comment_url:str,state:str(open|closed|merged),"
	    "title:str,type:str(Issue|Pull|Commit|Repository),url:str" },
	{ "NotificationThread",
	    "id:int,pinned:bool,repository:Repository,"
	    "subject:NotificationSubject,unread:bool,updated_at:time,"
	    "url:str" },
	{ "Organization",
	    "avatar_url:str,description:str,email:str,full_name:str,"
	    "id:int,location:str,name:str,"
	    "repo_admin_change_team_access:bool,username:str,"
	    "visibility:str(public|limited|private),website:str" },
	{ "OrganizationPermissions",
	    "can_create_repository:bool,can_read:bool,can_write:bool,"
	    "is_admin:bool,is_owner:bool" },
	{ "PRBranchInfo",
	    "label:str,ref:str,repo:Repository,repo_id:int,sha:str" },
	{ "PayloadCommit",
	    "added:str[],author:PayloadUser,committer:PayloadUser,"
	    "id:str,message:str,modified:str[],removed:str[],"
	    "timestamp:time,url:str,"
	    "verification:PayloadCommitVerification" },
	{ "PayloadCommitVerification",
	    "payload:str,reason:str,signature:str,signer:PayloadUser,"
	    "verified:bool" },
	{ "PayloadUser", "email:str,name:str,username:str" },
	{ "Permission", "admin:bool,pull:bool,push:bool" },
	{ "Project",
	    "closed_at:time,created_at:time,creator_id:int,"
	    "description:str,id:int,is_closed:bool,owner_id:int,"
	    "repo_id:int,title:str,updated_at:time" },
	{ "PublicKey",
	    "created_at:time,fingerprint:str,id:int,key:str,"
	    "key_type:str,last_used_at:time,read_only:bool,title:str,"
	    "url:str,user:User" },
	{ "PullRequest",
	    "additions:int,allow_maintainer_edit:bool,assignee:User,"
	    "assignees:User[],base:PRBranchInfo,body:str,"
	    "changed_files:int,closed_at:time,comments:int,"
	    "content_version:int,created_at:time,deletions:int,"
	    "diff_url:str,draft:bool,due_date:time,head:PRBranchInfo,"
	    "html_url:str,id:int,is_locked:bool,labels:Label[],"
	    "merge_base:str,merge_commit_sha:str,mergeable:bool,"
	    "merged:bool,merged_at:time,merged_by:User,"
	    "milestone:Milestone,number:int,patch_url:str,"
	    "pin_order:int,requested_reviewers:User[],"
	    "requested_reviewers_teams:Team[],review_comments:int,"
	    "state:str(open|closed),title:str,updated_at:time,"
	    "url:str,user:User,run:int" },
	{ "PullRequestMeta",
	    "draft:bool,html_url:str,merged:bool,merged_at:time" },
	{ "PullReview",
	    "body:str,comments_count:int,commit_id:str,"
	    "dismissed:bool,html_url:str,id:int,official:bool,"
	    "pull_request_url:str,stale:bool,"
	    "state:str(APPROVED|PENDING|COMMENT|REQUEST_CHANGES|REQUEST_REVIEW)"
	    ","
	    "submitted_at:time,team:Team,updated_at:time,user:User" },
	{ "PullReviewComment",
	    "body:str,commit_id:str,created_at:time,diff_hunk:str,"
	    "html_url:str,id:int,original_commit_id:str,"
	    "original_position:int,path:str,position:int,"
	    "pull_request_review_id:int,pull_request_url:str,"
	    "resolver:User,updated_at:time,user:User,reply_to:int,"
	    "outdated:bool" },
	{ "PullReviewRequestOptions", "reviewers:str[],team_reviewers:str[]" },
	{ "Reaction", "content:str,created_at:time,user:User" },
	{ "Reference", "object:GitObject,ref:str,url:str" },
	{ "RenameUserOption", "new_username:str!" },
	{ "RepoCollaboratorPermission",
	    "permission:str(none|read|write|admin|owner),"
	    "role_name:str,user:User" },
	{ "RepoCommit",
	    "author:CommitUser,committer:CommitUser,message:str,"
	    "tree:CommitMeta,url:str,"
	    "verification:PayloadCommitVerification" },
	{ "RepoTopicOptions", "topics:str[]" },
	{ "RepoTransfer", "doer:User,recipient:User,teams:Team[]" },
	{ "Repository",
	    "allow_fast_forward_only_merge:bool,"
	    "allow_manual_merge:bool,allow_merge_commits:bool,"
	    "allow_merge_update:bool,allow_rebase:bool,"
	    "allow_rebase_explicit:bool,allow_rebase_update:bool,"
	    "allow_squash_merge:bool,archived:bool,archived_at:time,"
	    "autodetect_manual_merge:bool,avatar_url:str,"
	    "branch_count:int,clone_url:str,created_at:time,"
	    "default_allow_maintainer_edit:bool,default_branch:str,"
	    "default_delete_branch_after_merge:bool,"
	    "default_merge_style:str,default_target_branch:str,"
	    "default_update_style:str,description:str,empty:bool,"
	    "fork:bool,forks_count:int,full_name:str,"
	    "has_actions:bool,has_code:bool,has_issues:bool,"
	    "has_packages:bool,has_projects:bool,"
	    "has_pull_requests:bool,has_releases:bool,has_wiki:bool,"
	    "html_url:str,id:int,ignore_whitespace_conflicts:bool,"
	    "internal:bool,internal_tracker:InternalTracker,"
	    "language:str,languages_url:str,licenses:str[],link:str,"
	    "mirror:bool,mirror_interval:str,"
	    "mirror_last_sync_at:time,mirror_updated:time,name:str,"
	    "object_format_name:str(sha1|sha256),"
	    "open_issues_count:int,open_pr_counter:int,"
	    "original_url:str,owner:User,parent:Repository,"
	    "permissions:Permission,private:bool,projects_mode:str,"
	    "release_counter:int,repo_transfer:RepoTransfer,size:int,"
	    "ssh_url:str,stars_count:int,template:bool,topics:str[],"
	    "updated_at:time,url:str,watchers_count:int,website:str" },
	{ "RepositoryMeta", "full_name:str,id:int,name:str,owner:str" },
	{ "SearchResults", "data:Repository[],ok:bool" },
	{ "ServerVersion", "version:str" },
	{ "SubmitPullReviewOptions",
	    "body:str,"
	    "event:str(APPROVED|PENDING|COMMENT|REQUEST_CHANGES|REQUEST_"
	    "REVIEW)" },
	{ "Tag",
	    "commit:CommitMeta,id:str,message:str,name:str,"
	    "tarball_url:str,zipball_url:str" },
	{ "Team",
	    "can_create_org_repo:bool,description:str,id:int,"
	    "includes_all_repositories:bool,name:str,"
	    "organization:Organization,"
	    "permission:str(none|read|write|admin|owner),units:str[],"
	    "units_map:map,visibility:str(public|limited|private)" },
	{ "TimelineComment",
	    "assignee:User,assignee_team:Team,body:str,"
	    "created_at:time,dependent_issue:Issue,html_url:str,"
	    "id:int,issue_url:str,label:Label,milestone:Milestone,"
	    "new_ref:str,new_title:str,old_milestone:Milestone,"
	    "old_project_id:int,old_ref:str,old_title:str,"
	    "project_id:int,pull_request_url:str,ref_action:str,"
	    "ref_comment:Comment,ref_commit_sha:str,ref_issue:Issue,"
	    "removed_assignee:bool,resolve_doer:User,review_id:int,"
	    "tracked_time:TrackedTime,type:str,updated_at:time,"
	    "user:User" },
	{ "TopicName", "topics:str[]" },
	{ "TrackedTime",
	    "created:time,id:int,issue:Issue,issue_id:int,time:int,"
	    "user_id:int,user_name:str" },
	{ "UpdateBranchProtectionPriories", "ids:int[]" },
	{ "UpdateBranchRepoOption",
	    "force:bool,new_commit_id:str!,old_commit_id:str" },
	{ "UpdateFileOptions",
	    "author:Identity,branch:str,committer:Identity,"
	    "content:str!,dates:CommitDateOptions,force_push:bool,"
	    "from_path:str,message:str,new_branch:str,sha:str,"
	    "signoff:bool" },
	{ "User",
	    "active:bool,avatar_url:str,created:time,description:str,"
	    "email:str,followers_count:int,following_count:int,"
	    "full_name:str,html_url:str,id:int,is_admin:bool,"
	    "language:str,last_login:time,location:str,login:str,"
	    "login_name:str,prohibit_login:bool,restricted:bool,"
	    "source_id:int,starred_repos_count:int,"
	    "visibility:str(public|limited|private),website:str,"
	    "username:str,type:str,kind:str?" },
	{ "UserMeta", "id:int,login:str" },
	{ "UserSearch", "data:User[],ok:bool" },
	{ "UserSettings",
	    "description:str,diff_view_style:str,full_name:str,"
	    "hide_activity:bool,hide_email:bool,language:str,"
	    "location:str,theme:str,website:str" },
	{ "UserSettingsOptions",
	    "description:str,diff_view_style:str,full_name:str,"
	    "hide_activity:bool,hide_email:bool,language:str,"
	    "location:str,theme:str,website:str" },
	{ "WatchInfo",
	    "created_at:time,ignored:bool,reason:any,"
	    "repository_url:str,subscribed:bool,url:str" },
	{ .name = NULL },
};
