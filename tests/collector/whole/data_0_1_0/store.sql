BEGIN TRANSACTION;
CREATE TABLE about (
	"key" VARCHAR(40) NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "about" VALUES('version','2');
INSERT INTO "about" VALUES('installation','d8b4dde0');
INSERT INTO "about" VALUES('term','0');
CREATE TABLE cameras (
	site VARCHAR(63) NOT NULL, 
	id VARCHAR(63) NOT NULL, 
	state_json TEXT NOT NULL, 
	PRIMARY KEY (site, id)
);
INSERT INTO "cameras" VALUES('kabil','cam3','{"id":"cam3","first_s":0.0,"name":"","state":"ok","cause":null,"since_ms":1795987695822,"since_s":-0.006,"told_s":0.0,"detail":"","sample_ms":1795987695828,"boot":"b1","seq":5,"told_ms":1795987695828,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
INSERT INTO "cameras" VALUES('kabil','cam1','{"id":"cam1","first_s":0.0,"name":"","state":"down","cause":"refused","since_ms":1795987695828,"since_s":0.0,"told_s":0.0,"detail":"","sample_ms":1795987695828,"boot":"b1","seq":5,"told_ms":1795987695828,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
INSERT INTO "cameras" VALUES('kabil','cam2','{"id":"cam2","first_s":0.0,"name":"","state":"ok","cause":null,"since_ms":1795987695822,"since_s":-0.006,"told_s":0.0,"detail":"","sample_ms":1795987695828,"boot":"b1","seq":5,"told_ms":1795987695828,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
INSERT INTO "cameras" VALUES('kabil','cam4','{"id":"cam4","first_s":0.0,"name":"","state":"ok","cause":null,"since_ms":1795987695822,"since_s":-0.006,"told_s":0.0,"detail":"","sample_ms":1795987695828,"boot":"b1","seq":5,"told_ms":1795987695828,"worked":true,"measures":{"codec":null,"width":null,"height":null,"fps":null,"bitrate_kbps":null,"rtp_loss_pct":null},"hardware":{"vendor":"","model":"","firmware":"","firmware_note":""}}');
CREATE TABLE cursors (
	name VARCHAR(40) NOT NULL, 
	journal VARCHAR(40) NOT NULL, 
	position BIGINT NOT NULL, 
	received_ms BIGINT NOT NULL, 
	attention_s FLOAT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "cursors" VALUES('pipeline','91cf2d54fa675406',5893,1795987701023,6.16470824799989713937e+00);
CREATE TABLE downtimes (
	id INTEGER NOT NULL, 
	scope VARCHAR(20) NOT NULL, 
	target VARCHAR(400) NOT NULL, 
	start_ms BIGINT NOT NULL, 
	end_ms BIGINT, 
	rrule TEXT, 
	duration_s INTEGER NOT NULL, 
	timezone VARCHAR(60) NOT NULL, 
	reason TEXT NOT NULL, 
	"by" VARCHAR(200) NOT NULL, 
	created_ms BIGINT NOT NULL, 
	cancelled_ms BIGINT, 
	PRIMARY KEY (id)
);
CREATE TABLE incidents (
	id INTEGER NOT NULL, 
	site VARCHAR(63) NOT NULL, 
	camera VARCHAR(63), 
	cause VARCHAR(40) NOT NULL, 
	cameras_json TEXT NOT NULL, 
	since_ms BIGINT NOT NULL, 
	opened_ms BIGINT NOT NULL, 
	opened_s FLOAT NOT NULL, 
	ending_s FLOAT, 
	resolved_ms BIGINT, 
	device VARCHAR(63), 
	uplink VARCHAR(63), 
	sites_json TEXT NOT NULL, 
	awaited INTEGER NOT NULL, 
	origin BIGINT, 
	acknowledged_json TEXT, 
	downtime VARCHAR(20) NOT NULL, 
	flapping BOOLEAN NOT NULL, 
	waiting_s FLOAT NOT NULL, 
	escalation INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "incidents" VALUES(1,'kabil','cam1','refused','["cam1"]',1795987695828,1795987698829,2.96852558599994154064e+00,NULL,NULL,NULL,NULL,'[]',0,NULL,NULL,'',0,2.96852558599994154064e+00,0);
CREATE TABLE journaled (
	what VARCHAR(40) NOT NULL, 
	last_id BIGINT NOT NULL, 
	PRIMARY KEY (what)
);
INSERT INTO "journaled" VALUES('timeline',1);
CREATE TABLE notices (
	id INTEGER NOT NULL, 
	incident BIGINT NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	step VARCHAR(60) NOT NULL, 
	recipient VARCHAR(63) NOT NULL, 
	created_ms BIGINT NOT NULL, 
	ready_ms BIGINT NOT NULL, 
	held BOOLEAN NOT NULL, 
	letter BIGINT, 
	notice_json TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT notices_once UNIQUE (incident, kind, step, recipient)
);
INSERT INTO "notices" VALUES(1,1,'opened','','noc',1795987698829,1795987698829,0,1,'{"kind":"opened","incident":1,"site":"kabil","site_name":"kabil","camera":"cam1","camera_name":"cam1","cause":"refused","state":"down","since_ms":1795987695828,"cameras":[{"id":"cam1","name":"cam1","owner":"","maintainer":"","project":"","site":"kabil","site_name":"kabil"}],"resolved_ms":null,"detail":"","latitude":null,"longitude":null,"device":"","uplink":"","sites":1,"by":"","until_ms":null,"level":0,"waited_min":0,"outlived":false}');
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	letter BIGINT NOT NULL, 
	form VARCHAR(10) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	incidents_json TEXT NOT NULL, 
	recipient VARCHAR(63) NOT NULL, 
	channel VARCHAR(40) NOT NULL, 
	status VARCHAR(10) NOT NULL, 
	attempts INTEGER NOT NULL, 
	created_ms BIGINT NOT NULL, 
	finished_ms BIGINT, 
	error TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT outbox_once UNIQUE (letter, channel)
);
INSERT INTO "outbox" VALUES(1,1,'single','opened','[1]','noc','1-mailto','sent',1,1795987699350,1795987699520,'');
CREATE TABLE requests (
	id INTEGER NOT NULL, 
	incident BIGINT NOT NULL, 
	"by" VARCHAR(200) NOT NULL, 
	created_ms BIGINT NOT NULL, 
	until_ms BIGINT, 
	withdrawn BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE secrets (
	name VARCHAR(40) NOT NULL, 
	value VARCHAR(200) NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "secrets" VALUES('links','d5fcf07c6653ed692295fd0d903b80bdf052ba402a3a28feea04aef4fec048f5');
CREATE TABLE sites (
	id VARCHAR(63) NOT NULL, 
	state_json TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "sites" VALUES('kabil','{"id":"kabil","first_s":0.0,"name":"","version":"1","boot":"b1","past_boots":[],"session":1,"dead":false,"dead_s":0.0,"online":true,"interval_s":30.0,"clock_synchronised":true,"heard_ms":1795987701023,"heard_s":5.164125399000113,"sequences":{"runs":[{"boot":"b1","newest":9,"gaps":[]}],"lost":0},"cameras":{}}');
CREATE TABLE symptoms (
	site VARCHAR(63) NOT NULL, 
	subject VARCHAR(80) NOT NULL, 
	bad BOOLEAN NOT NULL, 
	since_s FLOAT NOT NULL, 
	trouble VARCHAR(40), 
	changes INTEGER NOT NULL, 
	looked_s FLOAT NOT NULL, 
	looked_bad BOOLEAN NOT NULL, 
	flapping BOOLEAN NOT NULL, 
	PRIMARY KEY (site, subject)
);
INSERT INTO "symptoms" VALUES('kabil','cam1',1,0.0,'refused',1,0.0,1,0);
CREATE TABLE timeline (
	id INTEGER NOT NULL, 
	incident BIGINT NOT NULL, 
	time_ms BIGINT NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	cause VARCHAR(40) NOT NULL, 
	cameras_json TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "timeline" VALUES(1,1,1795987698829,'opened','refused','["cam1"]');
CREATE INDEX incidents_resolved ON incidents (resolved_ms);
CREATE INDEX ix_timeline_incident ON timeline (incident);
CREATE INDEX ix_notices_incident ON notices (incident);
CREATE INDEX ix_notices_letter ON notices (letter);
CREATE INDEX ix_outbox_status ON outbox (status);
CREATE INDEX outbox_of_recipient ON outbox (recipient, created_ms);
COMMIT;
